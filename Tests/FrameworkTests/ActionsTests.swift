import Martlet
import MartletTesting
import Testing

/// Apart from the extensions in DiscoveryTests, whose app this controller would keep from starting.
@Suite struct ActionsTests {
    @Test func `two actions on one route end the start-up wherever they stand`() throws {
        let error = #expect(throws: StartupError.self) { try TestHost(controllers: DoubledController.self) }
        #expect("\(error.map { "\($0)" } ?? "")".contains("GET /doubled/twice has two actions"))
    }
}

@Controller
struct DoubledController {
    func twice() -> String { "" }
}

@Actions extension DoubledController {
    @GET("twice") func again() -> String { "" }
}
