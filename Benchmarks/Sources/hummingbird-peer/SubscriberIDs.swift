import Synchronization

/// Numbers subscribers, from any thread.
final class SubscriberIDs: Sendable {
    private let last = Atomic<Int>(0)

    func next() -> Int { last.add(1, ordering: .relaxed).newValue }
}
