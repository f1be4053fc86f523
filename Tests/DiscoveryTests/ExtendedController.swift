import ControllerLibrary
import Martlet

/// Its actions stand in the type and in three extensions.
@Controller("extended/{room}")
struct ExtendedController {
    let greeting: Greeting

    func index(room: String) -> String { "\(room): the type" }
}

@Actions extension ExtendedController {
    func newest(room: String, limit: Int = 3) -> String { "\(room): newest \(limit)" }
    func show(room: String, id: Int) -> String { "\(room): \(id)" }
    @POST("lines") func say(room: String, text: String) -> String { "\(room): \(text)" }
    func create(room: String) -> String { "\(room): created" }
    @GET("/extended-root") func root() -> String { helper() }
    private func helper() -> String { "the root" }
    @NotAction func other() -> String { "no action" }
}

@Actions extension ExtendedController {
    @Blocking func slow(room: String) throws -> String { "\(room): slow" }
}

extension ExtendedController {
    func unmarked() -> String { "no action" }
}

/// An actor is waited for where its method says so.
@Controller("extended-actor")
actor ExtendedActor {
    private var count = 0
    func index() -> String { "the actor" }
    fileprivate func next() -> Int {
        count += 1
        return count
    }
}

@Actions extension ExtendedActor {
    func counted() async -> String { "\(next())" }
}

@Controller("/")
struct RootedController {}

@Actions extension RootedController {
    func rooted() -> String { "under no prefix" }
}
