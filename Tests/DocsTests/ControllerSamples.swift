import Foundation
import Martlet

// MARK: - Routes

@Controller
struct BookController {
    /// GET /book
    func index() -> String { "all" }

    /// GET /book/{id}
    func show(id: Int) -> String { "book \(id)" }

    /// POST /book
    func create(title: String) -> Status { Status(.created) }

    /// PUT and PATCH /book/{id}
    func update(id: Int, title: String) -> String { "book \(id) is now \(title)" }

    /// DELETE /book/{id}
    func delete(id: Int) {}

    /// GET /book/best-sellers
    func bestSellers() -> [String] { ["Dune"] }
}

@Actions extension BookController {
    /// GET /book/newest
    func newest() -> [String] { ["Dune Messiah"] }
}

@Controller("api/v1/files")
struct FileController {
    /// POST /api/v1/files/upload, with a body of up to 50 MiB
    @POST(maxBodyBytes: 50 * 1024 * 1024)
    func upload(_ body: RequestBody) async throws -> [String: Int] {
        var bytes = 0
        for try await chunk in body { bytes += chunk.readableBytes }
        return ["bytes": bytes]
    }

    /// GET /api/v1/files/at/a/b/c: `path` is `a/b/c`
    @GET("at/{path...}") func find(path: String) -> String { path }

    /// GET /api/v1/files/report.json and /api/v1/files/report.v2.json
    @GET("{name}.json") func json(name: String) -> String { name }

    /// GET /about: a slash in front makes the path absolute
    @GET("/about") func about() -> HTML { HTML("<h1>About</h1>") }

    /// Public for other code, and no route
    @NotAction func cleanUp() {}
}

// MARK: - Parameters

enum Order: String, Decodable, Sendable { case newest, cheapest }

struct NewUser: Decodable, Sendable {
    let name: String
    let age: Int?
}

@Controller
struct ParameterController {
    /// GET /parameter/search?text=swift&page=2&tags=a&tags=b
    func search(text: String, page: Int = 1, order: Order?, tags: [String]) -> String {
        "\(text), page \(page), \(order?.rawValue ?? "any order"), \(tags)"
    }

    /// POST /parameter/sign-up, with the whole body as a `NewUser`
    @POST func signUp(@Body user: NewUser, @Header userAgent: String?, @Cookie theme: String = "light") -> String {
        "\(user.name), \(userAgent ?? "unknown"), \(theme)"
    }

    /// POST /parameter/mail?dry_run=true: the query of a POST has to be asked for
    @POST func mail(to: String, @Query dryRun: Bool = false) -> String { "\(to), \(dryRun ? "dry" : "sent")" }
}

/// A scalar of the app's own.
struct ISBN: FieldConvertible {
    let digits: String
    static var expectation: String { "an ISBN of 13 digits" }
    init?(field: String) {
        guard field.count == 13, field.allSatisfy(\.isNumber) else { return nil }
        digits = field
    }
}

@Controller
struct ISBNController {
    func check(isbn: ISBN) -> String { isbn.digits }
}

// MARK: - Results

struct Product: Encodable {
    let id: Int
    let added: Date
}

@Controller
struct ResultController {
    /// application/json
    func product() -> Product { Product(id: 7, added: Date(timeIntervalSince1970: 0)) }

    /// 404 where it is nil
    func find(id: Int) -> Product? { id == 7 ? product() : nil }

    /// `{"code":0,"msg":"saved","data":{"id":7}}`
    func saved() -> Envelope { .ok("saved", data: ["id": 7]) }

    /// 303 to /book
    @POST func leave() -> Redirect { Redirect(to: BookController.links.index()) }

    /// 204
    @POST func touch() {}

    /// Any response at all
    func teapot() -> Response { Response(status: .init(code: 418), text: "short and stout") }

    /// A body that is written while it is made
    func numbers() -> Response {
        Response(
            headers: [.contentType: "text/plain"],
            body: .stream { writer in
                for number in 1...3 { try await writer.write("\(number)\n") }
            })
    }

    /// A stream for who may have it, and a page for everybody else
    func maybe(_ ctx: Context, live: Bool = false) -> any ResponseConvertible {
        live ? ctx.sse.open() : HTML("<p>Add ?live=true for a stream.</p>")
    }

    /// A header and a cookie beside what is returned
    func marked(_ ctx: Context) throws -> String {
        ctx.response.headers[.cacheControl] = "no-store"
        ctx.response.setCookie(try SetCookie("seen", "yes", maxAge: .seconds(3600)))
        return "marked"
    }
}

// MARK: - Services

protocol Mailer: Sendable {
    func send(_ text: String, to address: String)
}

struct SilentMailer: Mailer {
    func send(_ text: String, to address: String) {}
}

/// One for each request; closed when its action has returned.
final class Transaction: ClosableService {
    func close() async {}
}

@Controller
struct InviteController {
    let mailer: any Mailer

    @POST func send(address: String, _ transaction: Transaction) -> Envelope {
        mailer.send("You are invited", to: address)
        return .ok("sent")
    }
}

struct InviteApp: App {
    func configure(_ app: inout AppBuilder) {
        app.services.add(SilentMailer(), as: (any Mailer).self)
        app.services.scoped(Transaction.self) { _ in Transaction() }
        app.controllers(InviteController.self)
        app.route(.post, "/old/invite", to: "Invite@send")
    }
}

// MARK: - Errors

@Controller
struct OrderController {
    func show(id: Int) throws -> String {
        guard id > 0 else { throw HTTPError(.conflict, "This order was cancelled.") }
        return "order \(id)"
    }

    /// An action that blocks a thread belongs on the thread pool
    @Blocking func report() throws -> String {
        try String(contentsOfFile: "/etc/hostname", encoding: .utf8)
    }
}
