/// Runs `work` and cancels it when the time is over.
///
/// - Throws: ``WebClientError/timedOut(_:)`` then, and else what `work` throws.
func withTimeout<Value: Sendable>(
    _ timeout: Duration, clock: any Clock<Duration>, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        defer { group.cancelAll() }
        group.addTask { try await work() }
        group.addTask {
            try await clock.sleep(for: timeout)
            throw WebClientError.timedOut(timeout)
        }
        guard let value = try await group.next() else { throw CancellationError() }
        return value
    }
}
