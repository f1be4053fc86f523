import Martlet

@Controller
struct ExecutableController {
    func index() -> String { "the executable" }
}
