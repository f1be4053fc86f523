import Martlet
import MartletSQLite

struct DurableApp: App {
    func configure(_ app: inout AppBuilder) throws {
        app.events.store = SQLiteHistory("/var/lib/shop/events.db")
        app.use(Sessions(try SQLiteSessionStore("/var/lib/shop/sessions.db")))
    }
}

@Controller
struct InvoiceController {
    /// POST /invoice/pay
    @POST func pay(invoice: String, _ ctx: Context) async throws -> Envelope {
        // Returns when the event is stored; throws when it is not, and then nobody gets it.
        try await ctx.sse.publish(event: "paid", data: invoice, to: "invoices/\(invoice)")
        return .ok("paid")
    }
}
