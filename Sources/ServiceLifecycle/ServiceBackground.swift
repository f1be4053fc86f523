import MartletCore
import ServiceLifecycle

extension AppBuilder {
    /// Runs a service of swift-service-lifecycle beside the requests: a database client, a queue.
    ///
    /// It starts before the app listens, and before what stands behind it in `configure`. At the shutdown, when the requests
    /// are over, it is asked to end (`gracefulShutdown()`); where it does not within `limits.backgroundTimeout`, it is
    /// cancelled.
    ///
    /// - Parameters:
    ///   - service: to be found by controllers and actions, add it to `app.services` as well.
    ///   - name: for the log, by default the service's type.
    ///   - restart: what becomes of it when it fails. A service that is run again must be able to.
    public mutating func run(_ service: some Service, as name: String? = nil, restart: RestartPolicy = .never) {
        gracefulBackground(name ?? "\(type(of: service))", restart: restart) { work in
            try await MartletServiceLifecycle.run(service: service, work)
        }
    }
}

/// Until it returns, fails, or the app shuts down. A group can run once, so each run has one of its own.
private func run(service: some Service, _ work: BackgroundContext) async throws {
    let group = ServiceGroup(
        configuration: .init(
            services: [
                .init(
                    service: service, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .cancelGroup)
            ], logger: work.logger))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
            await work.untilShutdown()
            await group.triggerGracefulShutdown()
        }
        // Whatever the service does, nobody waits for a shutdown after it.
        defer { tasks.cancelAll() }
        try await group.run()
    }
}
