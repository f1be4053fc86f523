import Synchronization

/// Counts the compressed copies of the frames that a history holds. They are made by the event loops, outside the hub's lock.
final class CompressedCopies: Sendable {
    private let used = Atomic<Int>(0)
    private let most: Atomic<Int>

    /// - Parameter room: how many bytes they may take.
    init(room: Int) { most = Atomic(room) }

    var byteCount: Int { used.load(ordering: .relaxed) }

    var room: Int {
        get { most.load(ordering: .relaxed) }
        set { most.store(newValue, ordering: .relaxed) }
    }

    /// From now on the frame's copy counts, and is kept only where there is room for it.
    func count(_ frame: EventFrame) { frame.countCopy(in: self) }

    func discount(_ frame: EventFrame) { frame.countCopy(in: nil) }

    /// - Returns: false where there is no room for a copy of that size.
    func take(_ bytes: Int) -> Bool {
        let (_, after) = used.add(bytes, ordering: .relaxed)
        if after <= room { return true }
        giveBack(bytes)
        return false
    }

    func add(_ bytes: Int) { used.add(bytes, ordering: .relaxed) }

    func giveBack(_ bytes: Int) { used.subtract(bytes, ordering: .relaxed) }
}
