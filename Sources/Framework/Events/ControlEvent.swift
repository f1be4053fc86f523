import MartletEventStream

/// The events that the framework itself puts into streams: types that begin with `martlet.`.
enum ControlEvent {
    /// First in a stream that is resumed: whether anything is missing.
    struct Resume: Encodable {
        enum Verdict: String, Encodable {
            /// Nothing is missing.
            case resumed
            /// Some of what was missed is no longer kept.
            case partial
            /// Where the client was is unknown here.
            case reset
        }
        let verdict: Verdict
        /// For `partial`: the ids that the missing events stand between, the later included.
        var after: String?
        var through: String?
    }

    /// In place of events that were dropped: the ids that they lie between, both included, and how many, where known.
    struct Gap: Encodable {
        let first: String
        let last: String
        let count: Int?
    }

    /// First in a stream that expires: what to refresh it by, and when.
    struct Expiry: Encodable {
        let client: EventClient.ID
        let seconds: Double
    }

    /// Last in a stream whose body failed.
    struct Failure: Encodable {
        let status: Int
        let title: String
        let detail: String?
    }

    /// Tells a client's place in the order and no more: without data nothing is dispatched (WHATWG HTML section 9.2.6).
    static func place(_ id: String) -> EventFrame? { try? EventFrame.Draft(ServerSentEvent(id: id)).frame(id: nil) }

    /// - Parameter id: the place in the order that the client is at after it.
    static func frame(_ name: String, _ data: some Encodable, id: String? = nil) -> EventFrame? {
        // Texts and numbers encode, and an id of ours is one line.
        guard let text = try? JSON.standard.text(of: data) else { return nil }
        return try? EventFrame.Draft(ServerSentEvent(event: name, data: text, id: id)).frame(id: nil)
    }
}
