import Martlet

@Controller
struct NeighbourController {
    func show(id: Int) -> String { "neighbour \(id)" }
}

/// Hidden in its file, and found still.
@Controller
private final class HiddenNeighbourController {
    func index() -> String { "hidden" }
}
