import MartletCore

/// What the hooks of one hub were told of its streams.
// Used on the thread that runs the stepped loops.
final class PresenceLog: @unchecked Sendable {
    private enum Call { case joined, closed, left }
    private var calls: [EventClient.ID: [Call]] = [:]

    func joined(_ id: EventClient.ID) { calls[id, default: []].append(.joined) }
    func closed(_ id: EventClient.ID) { calls[id, default: []].append(.closed) }
    func left(_ id: EventClient.ID) { calls[id, default: []].append(.left) }

    /// - Returns: what is wrong with the calls for a stream; nil for nothing.
    func fault(of sink: FakeSink) -> String? {
        let calls = calls[sink.id] ?? []
        let isRight =
            sink.isOpen
            ? calls.isEmpty || calls == [.joined] : calls == [.joined, .closed, .left] || calls == [.closed]
        return isRight ? nil : "the hooks of a stream that is \(sink.isOpen ? "open" : "over") were called: \(calls)"
    }
}
