/// Which streams were opened by whom that proved who they are, and which proofs are over: a part of what the hub knows.
///
/// A request may have been let in just before its proof was over, and open its stream just after. So what is over stays known
/// for a while, by a number that grows, and a request knows the number at which it began.
struct StreamProofs: Sendable {
    private var streams: [ProofHandle: Set<EventClient.ID>] = [:]
    /// When each was over.
    private var ends: [ProofHandle: UInt64] = [:]
    /// In the order of their ends.
    private var ended: [(handle: ProofHandle, number: UInt64)] = []
    /// Grows with each end.
    private(set) var number: UInt64 = 0
    /// Which of the requests that began before are late is not known any more.
    private var forgottenThrough: UInt64 = 0

    /// How many ends are known; a request that is older than so many is not let in.
    private static let maximumEnds = 10_000

    mutating func add(_ proof: StreamProof, _ id: EventClient.ID) {
        for handle in proof.handles { streams[handle, default: []].insert(id) }
    }

    mutating func remove(_ proof: StreamProof, _ id: EventClient.ID) {
        for handle in proof.handles {
            streams[handle]?.remove(id)
            if streams[handle]?.isEmpty == true { streams[handle] = nil }
        }
    }

    mutating func removeAll() { streams = [:] }

    /// True for a proof that ended while the request went on.
    func isOver(_ proof: StreamProof) -> Bool {
        proof.number < forgottenThrough || proof.handles.contains { ends[$0].map { $0 > proof.number } ?? false }
    }

    /// - Returns: the streams that end with it.
    mutating func end(_ handle: ProofHandle) -> Set<EventClient.ID> {
        number += 1
        ends[handle] = number
        ended.append((handle, number))
        if ended.count > 2 * Self.maximumEnds { forgetOldest() }
        return streams[handle] ?? []
    }

    private mutating func forgetOldest() {
        let old = ended.prefix(Self.maximumEnds)
        for end in old where ends[end.handle] == end.number { ends[end.handle] = nil }
        forgottenThrough = old.last?.number ?? forgottenThrough
        ended.removeFirst(old.count)
    }
}

/// What a stream goes by that a user opened: it ends with the proof.
package struct StreamProof: Sendable {
    /// That of the proof, and that of all that the user has.
    let handles: [ProofHandle]
    /// By the hub's time; nil for never.
    let deadline: Duration?
    /// What `StreamProofs` counted when the request began.
    let number: UInt64
}

extension EventHub {
    /// Ends the streams that were opened with a proof that is over now: a session that was signed out, a token or key that
    /// was taken back, or, with `.user(id)`, all that a user has: because the account is closed, or may do less than before.
    /// A client that comes back is asked anew who it is.
    ///
    /// - Returns: how many there were.
    @discardableResult
    public func closeStreams(provedBy proof: ProofHandle) -> Int {
        let clients = state.withLock { state in
            let clients = state.proofs.end(proof)
            proofNumber.store(state.proofs.number, ordering: .releasing)
            return clients
        }
        for client in clients { closeClient(client) }
        return clients.count
    }
}
