import Martlet
import Synchronization

final class Entries: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

@Controller
struct GuestbookController {
    let entries: Entries  // given by app.services

    /// GET /guestbook: a JSON array
    func index() -> [String] { entries.all }

    /// GET /guestbook/stream: each new entry, the moment it is written
    func stream(_ ctx: Context) -> EventStream { ctx.sse.open() }

    /// POST /guestbook with a field `message`, from a form or from JSON
    func create(message: String, _ ctx: Context) throws -> Envelope {
        entries.add(message)
        try ctx.sse.post(event: "entry", data: message, to: .everyone)
        return .ok("Thank you")
    }
}

struct Guestbook: App {
    func configure(_ app: inout AppBuilder) {
        app.services.add(Entries())
        app.use(RequestLog(), Compression())
    }
}
