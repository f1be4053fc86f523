import Martlet

/// The test target's own.
@Controller("discovery-tests")
struct OwnController {
    func index() -> String { "the test target" }
}
