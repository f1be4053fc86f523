import MartletClient

/// A source as tests want it: on a clock that stands still, with exact delays and no idle timeout.
struct Subject {
    let source: EventSource
    let clock = StepClock()
    let errors = AsyncQueue<EventSourceError>()

    init(
        _ url: String, seed: UInt64 = 0, _ configure: (inout EventSource.Configuration) -> Void = { _ in }
    ) {
        var configuration = EventSource.Configuration()
        configuration.idleTimeout = nil
        configuration.backoff.jitter = 0
        configure(&configuration)
        source = EventSource(url, configuration: configuration, clock: clock, random: SeededGenerator(state: seed))
        source.onError { [errors] in errors.add($0) }
    }

    /// Reads the stream to its end, elsewhere.
    func reading() -> Reading { Reading(source) }
}

/// A loop over a source's events, observed.
final class Reading: Sendable {
    let events = AsyncQueue<EventSource.Event>()
    let task: Task<EventSourceError?, Never>

    init(_ source: EventSource) {
        task = Task { [events, sequence = source.events] in
            do throws(EventSourceError) {
                for try await event in sequence { events.add(event) }
                return nil
            } catch {
                return error
            }
        }
    }

    deinit { task.cancel() }

    func next() async -> EventSource.Event { await events.next() }

    /// What the loop ended with.
    var end: EventSourceError? { get async { await task.value } }
}

extension EventSourceError {
    /// The case's name, for a comparison that needs no more.
    var name: String { Mirror(reflecting: self).children.first?.label ?? nameWithoutPayload }

    private var nameWithoutPayload: String {
        switch self {
        case .ended: "ended"
        case .corruptEncoding: "corruptEncoding"
        case .dropped: "dropped"
        case .alreadyIterated: "alreadyIterated"
        default: ""
        }
    }
}
