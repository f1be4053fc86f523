import MartletEventStream

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a server says, in the first event of a resumed stream, about what was sent in between.
public struct ResumeVerdict: Sendable, Hashable {
    /// How much of what was sent in between the server still has.
    public enum Outcome: String, Sendable, Hashable {
        /// Nothing was missed.
        case resumed
        /// The oldest part is gone; the rest follows.
        case partial
        /// The server knows nothing of the ID: what was sent in between is lost.
        case reset
    }

    /// How much of what was sent in between follows.
    public var outcome: Outcome
    /// For `partial`: the ids that the missing events stand between, the later included.
    public var after: String?
    /// The later end: see ``after``.
    public var through: String?

    /// A verdict as a test wants it; that of a server comes from ``init(_:)``.
    public init(outcome: Outcome, after: String? = nil, through: String? = nil) {
        self.outcome = outcome
        self.after = after
        self.through = through
    }

    /// The type of the event that carries a verdict.
    public static let eventType = "martlet.resume"

    /// Reads `{"verdict":"partial","after":"k3x-40","through":"k3x-52"}` or the bare word; `nil` for any other event.
    ///
    /// What cannot be read counts as `reset`, since a hole must never be silent.
    public init?(_ event: EventSource.Event) {
        guard event.event == Self.eventType else { return nil }
        struct Wire: Decodable {
            var verdict: String?
            var after: String?
            var through: String?
        }
        let wire = try? JSONDecoder().decode(Wire.self, from: Data(event.data.utf8))
        let word = wire?.verdict ?? String(event.data.filter { $0.isLetter })
        self.init(outcome: Outcome(rawValue: word) ?? .reset, after: wire?.after, through: wire?.through)
    }
}

extension EventStreamParser.Event {
    /// The verdict that this event carries, if it is one.
    public var resumeVerdict: ResumeVerdict? { ResumeVerdict(self) }
}
