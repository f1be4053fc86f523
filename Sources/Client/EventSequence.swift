extension EventSource {
    /// The events in the order they were sent, across connections. Ends when the source is closed or the server answers
    /// 204, and throws what the source ended with otherwise.
    ///
    /// Iterating connects; it can be done once. The connection reads no further than the loop does.
    public var events: Events { Events(source: self) }

    public struct Events: AsyncSequence, Sendable {
        let source: EventSource

        public func makeAsyncIterator() -> AsyncIterator {
            AsyncIterator(lease: source.driver.startIterating() ? Lease(source) : nil)
        }

        public struct AsyncIterator: AsyncIteratorProtocol {
            /// `nil` where another loop has the events.
            fileprivate let lease: Lease?
            private var batch: ArraySlice<Event> = []

            fileprivate init(lease: Lease?) { self.lease = lease }

            public mutating func next() async throws(EventSourceError) -> Event? {
                try await next(isolation: #isolation)
            }

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
