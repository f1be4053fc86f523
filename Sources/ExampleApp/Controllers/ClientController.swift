import Foundation
import Martlet

/// The page's 客户端管理: which streams are open, and closing them, which is for admins.
@Controller
struct ClientController {
    struct Entry: Encodable {
        let id: EventClient.ID
        let user: String?
        let address: String
        let port: Int
        let connectedAt: Date
        enum CodingKeys: String, CodingKey { case id, user, address, port, connectedAt = "connected_at" }
    }

    /// GET /client
    func index(_ ctx: Context) -> Envelope {
        let entries = ctx.sse.clients.map { client in
            Entry(
                id: client.id, user: client.user, address: client.connection.address, port: client.connection.port,
                connectedAt: client.connection.connectedAt)
        }
        return .ok(data: entries, count: entries.count)
    }

    /// POST /client/close
    @Authorize(roles: "admin") @POST func close(id: EventClient.ID, _ ctx: Context) -> Envelope {
        ctx.sse.closeClient(id) ? .ok("已关闭") : .failed("客户端不存在")
    }

    /// POST /client/close-all
    @Authorize(roles: "admin") @POST func closeAll(_ ctx: Context) -> Envelope {
        .ok("已全部关闭", data: ["count": ctx.sse.closeAll()])
    }
}

/// How many streams are open, which the pages of a partner may ask, too.
@Controller(isDiscovered: false)
struct CountController {
    /// GET /client/count
    func count(_ ctx: Context) -> Envelope { .ok(data: ["count": ctx.sse.clientCount]) }
}
