import MartletEventStream

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A type that is made from an event: an enum, say, with a case for each type of event.
public protocol EventDecodable {
    /// - Parameters:
    ///   - event: the event's type, `message` where the stream names none.
    ///   - data: its text.
    /// - Throws: what is wrong with it.
    init(event: String, data: String) throws
}

/// What a typed sequence does with an event that is not of its type.
public enum UndecodableEvents: Sendable, Hashable {
    /// Ends the loop with ``EventSourceError/undecodable(_:_:)``.
    case fail
    /// Passes over it.
    case skip
}

extension EventSource {
    /// The payloads of the events, decoded from JSON. Of what is missing, ``onGap(_:)`` and ``onResume(_:)`` tell.
    ///
    /// - Parameters:
    ///   - type: what the data of an event is.
    ///   - name: the type of event to read, all others are passed over; `nil` reads all but the
    ///     server's own, whose types begin with `martlet.`.
    ///   - undecodable: what to do with data that is not of that type.
    public func events<Payload: Decodable & Sendable>(
        as type: Payload.Type, named name: String? = nil, undecodable: UndecodableEvents = .fail
    ) -> TypedEvents<Payload> {
        TypedEvents(events: events, name: name, undecodable: undecodable) { event in
            try JSONDecoder().decode(type, from: Data(event.data.utf8))
        }
    }

    /// The events as values of a type that knows how to be made from one.
    public func events<Payload: EventDecodable & Sendable>(
        as type: Payload.Type, named name: String? = nil, undecodable: UndecodableEvents = .fail
    ) -> TypedEvents<Payload> {
        TypedEvents(events: events, name: name, undecodable: undecodable) { event in
            try type.init(event: event.event, data: event.data)
        }
    }

    /// The events as cases of an enum under `@ServerEvents`, which the server sends them by.
    public func events<Family: ServerEvents>(
        as type: Family.Type, named name: String? = nil, undecodable: UndecodableEvents = .fail
    ) -> TypedEvents<Family> {
        TypedEvents(events: events, name: name, undecodable: undecodable) { event in
            let decoder = JSONDecoder()
            decoder.userInfo[.serverEventName] = event.event
            return try decoder.decode(DecodedServerEvent<Family>.self, from: Data(event.data.utf8)).event
        }
    }

    /// Prefers ``EventDecodable`` where a type is both.
    public func events<Payload: EventDecodable & Decodable & Sendable>(
        as type: Payload.Type, named name: String? = nil, undecodable: UndecodableEvents = .fail
    ) -> TypedEvents<Payload> {
        TypedEvents(events: events, name: name, undecodable: undecodable) { event in
            try type.init(event: event.event, data: event.data)
        }
    }

    /// The events of a source as values of one type, for one loop.
    public struct TypedEvents<Element>: AsyncSequence, Sendable {
        let events: Events
        let name: String?
        let undecodable: UndecodableEvents
        let decode: @Sendable (Event) throws -> Element

        /// Connects, as the iterator of ``EventSource/events`` does: a source can be iterated once, typed or not.
        public func makeAsyncIterator() -> AsyncIterator {
            AsyncIterator(events: events.makeAsyncIterator(), sequence: self)
        }

        /// Takes the values one by one. The source closes when its iterator goes.
        public struct AsyncIterator: AsyncIteratorProtocol {
            fileprivate var events: Events.AsyncIterator
            fileprivate let sequence: TypedEvents

            /// The next value, waited for as long as it takes; `nil` when the source was closed or the server answered
            /// 204.
            ///
            /// - Throws: ``EventSourceError``: what the source ended with, or ``EventSourceError/undecodable(_:_:)``,
            ///   after which the next call goes on behind it.
            public mutating func next() async throws(EventSourceError) -> Element? {
                try await next(isolation: #isolation)
            }

            /// The same, on the actor of the caller.
            public mutating func next(
                isolation actor: isolated (any Actor)?
            ) async throws(EventSourceError) -> Element? {
                while let event = try await events.next(isolation: actor) {
                    guard event.event == sequence.name ?? event.event, !event.event.hasPrefix("martlet.") else {
                        continue
                    }
                    do {
                        return try sequence.decode(event)
                    } catch {
                        if sequence.undecodable == .fail { throw .undecodable(event, error) }
                    }
                }
                return nil
            }
        }
    }
}
