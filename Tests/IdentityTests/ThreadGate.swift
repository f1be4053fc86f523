import NIOConcurrencyHelpers

/// Holds threads until it is opened.
final class ThreadGate: Sendable {
    private let isOpen = ConditionLock(value: false)
    func open() {
        isOpen.lock()
        isOpen.unlock(withValue: true)
    }
    func pass() {
        isOpen.lock(whenValue: true)
        isOpen.unlock()
    }
}
