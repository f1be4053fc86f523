import Martlet

/// Found though nothing refers to it: it is only linked.
@Controller("controller-library")
struct LibraryController {
    func index() -> String { "a library target" }
}
