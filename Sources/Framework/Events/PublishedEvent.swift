import MartletEventStream

/// An event that has its place in the one order of all events.
package final class PublishedEvent: Sendable {
    let sequence: UInt64
    let audience: EventAudience.Recipients
    let frame: EventFrame
    let keeping: Keeping
    /// Since the hub's start.
    let time: Duration
    let slowReaders: SlowReaderPolicy
    /// What `latestOnly` goes by.
    let key: String?

    enum Keeping: Sendable {
        /// The history has it: a client that was away gets it later.
        case kept
        /// The history does not have it, and knows that.
        case forgotten
        /// Its id is the app's own: it takes no part in resume.
        case foreign
    }

    init(
        sequence: UInt64, audience: EventAudience.Recipients, frame: EventFrame, keeping: Keeping, time: Duration,
        slowReaders: SlowReaderPolicy, key: String?
    ) {
        self.sequence = sequence
        self.audience = audience
        self.frame = frame
        self.keeping = keeping
        self.time = time
        self.slowReaders = slowReaders
        self.key = key
    }
}

extension PublishedEvent {
    /// What it takes of the history's bytes: those of its buffer, which may have grown beyond what it holds, and about what
    /// stands around it in memory.
    var historyBytes: Int { frame.chunk.storageCapacity + audience.nameBytes + 512 }

    /// The topic whose slow readers may hold up the publishers of this.
    var suspendingTopic: String? {
        guard case .suspendPublisher = slowReaders, case .topic(let topic) = audience else { return nil }
        return topic
    }
}

/// Names a place in the order of events on the wire: the epoch of the numbering, and a number in it.
package struct EventID: Sendable, Hashable, CustomStringConvertible {
    package let epoch: String
    package let sequence: UInt64

    package var description: String { "\(epoch)-\(sequence)" }

    init(epoch: String, sequence: UInt64) {
        self.epoch = epoch
        self.sequence = sequence
    }

    /// nil for a text that no server of this framework wrote.
    package init?(_ text: String) {
        guard text.utf8.count <= 64, let dash = text.lastIndex(of: "-") else { return nil }
        let digits = text[text.index(after: dash)...]
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let sequence = UInt64(digits), String(sequence) == digits, dash != text.startIndex
        else { return nil }
        epoch = String(text[..<dash])
        self.sequence = sequence
    }

    /// An epoch that no other process has had.
    package static func newEpoch() -> String { String(UInt64.random(in: 1 << 40..<1 << 52), radix: 36) }
}

/// What a publisher learns.
public struct Receipt: Sendable, Hashable {
    /// The event's id on the wire, where it is the hub's; nil where the app gave its own.
    public let id: String?
    /// How many streams it was sent to. Where hundreds are reached by several of their subscriptions, each of these may count.
    public let clientCount: Int
}
