import Dispatch
import MartletEventStream
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Keeps events beyond the process, so that clients resume after a restart.
///
/// All functions block: `load` and `begin` at start-up, `append` on a thread of its own.
public protocol HistoryStore: Sendable {
    /// What was kept.
    ///
    /// - Parameters:
    ///   - limits: what need not be given back, and may be deleted, because it exceeds them.
    ///   - now: what the age of an event is measured from.
    func load(_ limits: HistoryLimits, now: Date) throws -> StoredHistory

    /// Keeps that numbers behind this one are given from now on, stored or not: the `lastSequence` of every later `load`
    /// is at least this, be it after a loss of power. Called once after `load`, before any number is given.
    func begin(after sequence: UInt64) throws

    /// Stores events so that they outlive the process: all of them or none. Returning acknowledges them to their
    /// publishers.
    func append(_ events: [StoredEvent]) throws
}

/// What a store has.
public struct StoredHistory: Sendable {
    /// Names the numbering of these events; a store makes one when it is new, and keeps it.
    public var epoch: String
    /// The last number that was stored, or that a process began behind, whichever is later.
    public var lastSequence: UInt64
    /// The last number of which something may have been deleted, for audiences that are not in `deletedThroughByAudience`.
    public var deletedThrough: UInt64
    /// Where it is known: the last number that was deleted, so that one topic's loss is not announced to another's clients.
    public var deletedThroughByAudience: [EventAudience.Recipients: UInt64] = [:]
    /// In order.
    public var events: [StoredEvent]

    /// What `load` gives back; where more is known of what was deleted, set `deletedThroughByAudience` as well.
    public init(epoch: String, lastSequence: UInt64, deletedThrough: UInt64, events: [StoredEvent]) {
        self.epoch = epoch
        self.lastSequence = lastSequence
        self.deletedThrough = deletedThrough
        self.events = events
    }
}

/// An event as a store keeps it.
public struct StoredEvent: Sendable, Hashable {
    /// Its number in the order of all events; no other event of this epoch has it.
    public var sequence: UInt64
    /// The streams that it is for: all, a topic's or a user's.
    public var audience: EventAudience.Recipients
    /// Its type; nil for the client's default, `message`.
    public var event: String?
    /// Its text; nil for an event without `data`.
    public var data: String?
    /// By the time of day, so that its age is known after a restart.
    public var publishedAt: Date
    /// False for what is not to be compressed when it is replayed.
    public var isCompressible: Bool

    /// An event as it is read back; nothing is checked.
    public init(
        sequence: UInt64, audience: EventAudience.Recipients, event: String?, data: String?, publishedAt: Date,
        isCompressible: Bool
    ) {
        self.sequence = sequence
        self.audience = audience
        self.event = event
        self.data = data
        self.publishedAt = publishedAt
        self.isCompressible = isCompressible
    }
}

extension EventHistory {
    /// How far a new process begins behind the last number that the store knows: more than the one before it can have
    /// given without storing any (10,000 a second, for three years). By chance, so that a file that was put back from a
    /// copy hardly gives the numbers again that were given after the copy was made.
    private static let unstoredNumbers: Range<UInt64> = 1 << 40..<1 << 41
    /// How far a store may come, so that a process does not run out of numbers; enough for a million starts.
    private static let maximumSequence: UInt64 = 1 << 62

    /// What a store kept of earlier processes, or nothing.
    ///
    /// - Throws: `StartupError` where the store cannot be read or written.
    static func past(
        _ settings: EventSettings, now: Duration
    ) throws -> (epoch: String, lastSequence: UInt64, history: EventHistory) {
        guard let store = settings.store else {
            return (EventID.newEpoch(), 0, EventHistory(settings.history, startingAfter: 0))
        }
        let stored: StoredHistory
        do {
            stored = try store.load(settings.history, now: .now)
        } catch {
            throw StartupError("The history of events cannot be read: \(error).")
        }
        guard stored.lastSequence < maximumSequence else {
            throw StartupError("The history of events has no numbers left: begin a new one.")
        }
        // Numbers that were given are not given again to something else, stored or not, and later processes know them.
        let lastSequence = stored.lastSequence + .random(in: unstoredNumbers)
        do {
            try store.begin(after: lastSequence)
        } catch {
            throw StartupError("The history of events cannot be written: \(error).")
        }
        var history = EventHistory(
            settings.history, startingAfter: stored.deletedThrough, stored.deletedThroughByAudience)
        for event in stored.events {
            let rules = settings.settings(of: event.audience)
            let id = EventID(epoch: stored.epoch, sequence: event.sequence)
            guard
                let draft = try? EventFrame.Draft(
                    ServerSentEvent(
                        event: event.event, data: event.data, isCompressible: event.isCompressible),
                    isCompressible: rules.isCompressible)
            else { continue }
            let age = max(0, event.publishedAt.timeIntervalSinceNow * -1)
            history.append(
                PublishedEvent(
                    sequence: event.sequence, audience: event.audience, frame: draft.frame(id: id), keeping: .kept,
                    time: now - .seconds(age), slowReaders: rules.slowReaders, key: nil))
        }
        return (stored.epoch, lastSequence, history)
    }
}

/// Takes what was submitted through the store, in order, before it is distributed: as much at once as came meanwhile.
package final class HistoryWriter: Sendable {
    /// Runs what may block, in the order it came.
    package typealias Executor = @Sendable (_ work: @escaping @Sendable () -> Void) -> Void

    /// Something that was submitted, with what the store has to keep of it.
    struct Entry: Sendable {
        let submission: Submission
        /// The room that it has until it is written.
        let demand: PublisherGate.Demand?
        let stored: StoredEvent?
        let acknowledge: (@Sendable ((any Error)?) -> Void)?
    }
    private struct State {
        var waiting: [Entry] = []
        /// What the store is given at the moment.
        var batch: [Entry] = []
        var isWriting = false
    }
    private let state = Mutex(State())
    private let store: any HistoryStore
    private let execute: Executor

    init(_ store: any HistoryStore, _ executor: Executor?) {
        self.store = store
        let queue = DispatchQueue(label: "martlet.history")
        execute = executor ?? { queue.async(execute: $0) }
    }

    var isWriting: Bool { state.withLock { $0.isWriting } }

    /// The batch is distributed. Called under the hub's lock, under which it is then not seen as waiting.
    func forgetBatch() { state.withLock { $0.batch = [] } }

    /// What has not been distributed, in order.
    var waitingSubmissions: [Submission] { state.withLock { ($0.batch + $0.waiting).map(\.submission) } }

    /// - Parameter completion: called with what was given to the store, with what needs no storing, and with the store's
    ///   error.
    func store(_ entry: Entry, completion: @escaping @Sendable ([Entry], (any Error)?) -> Void) {
        let mustStart = state.withLock { state in
            state.waiting.append(entry)
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if mustStart { execute { self.storeBatches(completion) } }
    }

    private func storeBatches(_ completion: @Sendable ([Entry], (any Error)?) -> Void) {
        while true {
            let batch = state.withLock { state in
                swap(&state.batch, &state.waiting)
                state.waiting = []
                if state.batch.isEmpty { state.isWriting = false }
                return state.batch
            }
            guard !batch.isEmpty else { return }
            let events = batch.compactMap(\.stored)
            var failure: (any Error)?
            do {
                if !events.isEmpty { try store.append(events) }
            } catch {
                failure = error
            }
            completion(batch, failure)
            for entry in batch { entry.acknowledge?(entry.stored == nil ? nil : failure) }
        }
    }
}
