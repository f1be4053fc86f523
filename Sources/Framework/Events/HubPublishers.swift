import Synchronization

// How publishers wait.

extension EventHub {
    /// Waits until there is room, and takes it.
    func enter(_ demand: PublisherGate.Demand) async throws {
        if state.withLock({ $0.gate.enter(demand) }) { return }
        let request = CurrentRequest.observed
        request?.begin(.waiting)
        defer { request?.end(.waiting) }
        let id = newID()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let hasEntered: Result<Void, any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.gate.enter(demand) { return .success(()) }
                    state.gate.wait(id, demand, continuation)
                    return nil
                }
                if let hasEntered { continuation.resume(with: hasEntered) }
            }
        } onCancel: {
            let cancelled = state.withLock { $0.gate.cancel(id) }
            cancelled?.resume(throwing: CancellationError())
            // Others may have waited for their turn behind it.
            letPublishersOn()
        }
    }

    /// Changes the gate, and lets on the publishers that now may.
    func regulate(_ change: (inout PublisherGate) -> Void) {
        let admitted = state.withLock { state in
            change(&state.gate)
            return state.gate.letOn()
        }
        for continuation in admitted { continuation.resume() }
    }

    func letPublishersOn() { regulate { _ in } }

    /// A client holds up the publishers to its topics that wait for readers.
    func hold(_ client: EventClient.ID, _ topics: [TopicPattern]) {
        state.withLock { $0.gate.hold(topics, for: client) }
    }

    func release(_ client: EventClient.ID, _ topics: [TopicPattern]) {
        regulate { $0.release(topics, for: client) }
    }

    /// For what does not wait.
    func checkStoreRoom(byteCount: Int, _ state: inout HubState) throws(StoreBacklogError) {
        guard isStoring else { return }
        let demand = PublisherGate.Demand(byteCount: byteCount, topic: nil, isStored: true)
        guard state.gate.mustYield(demand) else { return }
        throw StoreBacklogError(waitingEvents: state.gate.backlog.events, waitingBytes: state.gate.backlog.bytes)
    }
}

extension Submission {
    /// The room that it takes; nil for what always goes through.
    func demand(isStored: Bool) -> PublisherGate.Demand? {
        switch self {
        case .event(let event):
            guard isStored || event.suspendingTopic != nil else { return nil }
            return PublisherGate.Demand(
                byteCount: event.frame.byteCount, topic: event.suspendingTopic, isStored: isStored)
        case .send(_, let draft, _):
            return isStored ? PublisherGate.Demand(byteCount: draft.byteCount, topic: nil, isStored: true) : nil
        case .close, .closeAll:
            return nil
        }
    }
}
