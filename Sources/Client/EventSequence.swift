extension EventSource {
    /// The events in the order they were sent, across connections. Ends when the source is closed or the server answers
    /// 204, and throws what the source ended with otherwise.
    ///
    /// Iterating connects; it can be done once. The connection reads no further than the loop does.
    public var events: Events { Events(source: self) }

    /// The events of a source, for one loop.
    public struct Events: AsyncSequence, Sendable {
        let source: EventSource

        /// Connects, where this is the source's first iterator; any other throws ``EventSourceError/alreadyIterated``.
        public func makeAsyncIterator() -> AsyncIterator {
            AsyncIterator(lease: source.driver.startIterating() ? Lease(source) : nil)
        }

        /// Takes the events one by one. The source closes when its iterator goes.
        public struct AsyncIterator: AsyncIteratorProtocol {
            /// `nil` where another loop has the events.
            fileprivate let lease: Lease?
            private var batch: ArraySlice<Event> = []

            fileprivate init(lease: Lease?) { self.lease = lease }

            /// The next event, waited for as long as it takes; `nil` when the source was closed or the server answered
            /// 204.
            ///
            /// - Throws: ``EventSourceError``, with what the source ended with.
            public mutating func next() async throws(EventSourceError) -> Event? {
                try await next(isolation: #isolation)
            }

            /// The same, on the actor of the caller.
            public mutating func next(
                isolation actor: isolated (any Actor)?
            ) async throws(EventSourceError) -> Event? {
                guard let lease else { throw .alreadyIterated }
                while batch.isEmpty {
                    switch await lease.source.driver.handoff.take() {
                    case .events(let events):
                        batch = events[...]
                    case .end(let error):
                        lease.source.close()
                        if let error { throw error }
                        return nil
                    }
                }
                return batch.removeFirst()
            }
        }
    }

    /// Closes the source when the loop has gone.
    fileprivate final class Lease: Sendable {
        let source: EventSource
        init(_ source: EventSource) { self.source = source }
        deinit { source.close() }
    }
}
