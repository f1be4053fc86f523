import MartletEventStream

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a server says in place of events that it dropped for a slow reader, or no longer keeps.
public struct EventGap: Sendable, Hashable {
    /// The ids that the missing events lie between, both included; `nil` where the server does not say.
    public var first: String?
    /// The later end: see ``first``.
    public var last: String?
    /// How many are missing; `nil` where the server does not know.
    public var count: Int?

    /// A gap as a test wants it; one that a server tells of comes from ``init(_:)``.
    public init(first: String? = nil, last: String? = nil, count: Int? = nil) {
        self.first = first
        self.last = last
        self.count = count
    }

    /// The type of the event that stands for a gap.
    public static let eventType = "martlet.gap"

    /// Reads `{"first":"k3x-7","last":"k3x-9","count":2}`; `nil` for an event of any other type.
    ///
    /// What cannot be read is a gap all the same, since a hole must never be silent.
    public init?(_ event: EventSource.Event) {
        guard event.event == Self.eventType else { return nil }
        struct Wire: Decodable {
            var first: String?
            var last: String?
            var count: Int?
        }
        let wire = try? JSONDecoder().decode(Wire.self, from: Data(event.data.utf8))
        self.init(first: wire?.first, last: wire?.last, count: wire?.count)
    }
}

extension EventStreamParser.Event {
    /// The gap that this event stands for, if it is one.
    public var gap: EventGap? { EventGap(self) }
}
