import Foundation
import Martlet

/// The page's 基础推送: two events, then whatever is broadcast.
@Controller
struct EventsController {
    private struct Status: Encodable {
        let time: Date
        let status: String
    }

    /// GET /events
    func index(_ ctx: Context) -> EventStream {
        ctx.sse.open(user: ctx.user?.id) { client in
            try client.send(event: "message", data: "Hello World", id: "1")
            try client.send(event: "data", data: Status(time: Date(), status: "ok"), id: "2")
        }
    }
}
