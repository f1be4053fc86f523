import Martlet
import MartletServiceLifecycle
import ServiceLifecycle
import Synchronization

// The samples of Docs/life-cycle.md, compiled.

/// What an app keeps of the weather.
final class Forecasts: Sendable {
    private let latest = Mutex("none")
    var text: String { latest.withLock { $0 } }
    func load() async throws { latest.withLock { $0 = "rain" } }
    func save() async throws { latest.withLock { $0 = "saved" } }
}

/// Stands for a database client, which is a service of swift-service-lifecycle.
final class Database: Service {
    func run() async throws { try await gracefulShutdown() }
    func migrate() async throws {}
}

@Controller
struct ForecastController {
    let forecasts: Forecasts
    func index() -> String { forecasts.text }
}

struct WeatherApp: App {
    func configure(_ app: inout AppBuilder) {
        let database = Database()
        app.services.add(database)
        app.services.add(Forecasts())

        app.run(database)
        app.onStart { services in try await services.resolve(Database.self).migrate() }
        app.background("forecasts", restart: .onFailure(delay: .seconds(1), maxDelay: .seconds(60))) { work in
            let forecasts = try work.services.resolve(Forecasts.self)
            while true {
                try await forecasts.load()
                try await work.sse.publish(event: "forecast", data: forecasts.text, to: .everyone)
                try await work.clock.sleep(for: .seconds(600))
            }
        }
        app.onShutdown { services in try await services.resolve(Forecasts.self).save() }
    }
}
