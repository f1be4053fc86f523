import Martlet
import MartletClient
import Synchronization

/// The streams that are open, and the reports of what they receive.
final class Streams: Sendable {
    private struct State {
        var sources: [Int: EventSource] = [:]
        var lastID = 0
    }
    private let state = Mutex(State())
    private let web = WebClient()

    subscript(id: Int) -> EventSource? { state.withLock { $0.sources[id] } }

    /// - Throws: 400 for a URL that is none.
    func open(_ order: StreamOrder) throws -> Int {
        guard order.streamUrl.contains("://"), order.callbackUrl.contains("://") else {
            throw HTTPError(.badRequest, "streamUrl and callbackUrl must be absolute.")
        }
        let source = EventSource(order.streamUrl, configuration: order.configuration)
        let (messages, continuation) = AsyncStream<Message>.makeStream()
        source.onMessage { continuation.yield(Message($0)) }
        source.onError { error in
            // The suite has ordered that.
            if case .dropped = error { return }
            continuation.yield(Message(error))
        }
        source.onClose { continuation.finish() }
        Task { [web] in
            // Numbered, since the suite may read them in another order.
            var number = 0
            for await message in messages {
                number += 1
                _ = await web.send(WebRequest(.post, "\(order.callbackUrl)/\(number)", body: .json(message)))
            }
        }
        source.connect()
        return state.withLock { state in
            state.lastID += 1
            state.sources[state.lastID] = source
            return state.lastID
        }
    }

    func close(_ id: Int) -> Bool {
        guard let source = state.withLock({ $0.sources.removeValue(forKey: id) }) else { return false }
        source.close()
        return true
    }
}

/// What is reported.
private struct Message: Encodable, Sendable {
    struct Event: Encodable, Sendable {
        let type: String
        let data: String
        let id: String
    }
    let kind: String
    var event: Event?
    var comment: String?

    init(_ event: EventSource.Event) {
        kind = "event"
        self.event = Event(type: event.event, data: event.data, id: event.lastEventID)
    }

    /// The text goes into `comment`, as the protocol has it.
    init(_ error: EventSourceError) {
        kind = "error"
        comment = error.description
    }
}
