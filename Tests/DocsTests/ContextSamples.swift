import Foundation
import HTTPTypes
import Martlet
import MartletTesting
import NIOCore
import Testing

// The samples of Docs/controllers.md and Docs/sessions-and-middleware.md about what a request has.

/// Who is signed in.
struct CurrentUser: ContextValue {
    let name: String

    static func make(from ctx: Context) async throws -> CurrentUser {
        guard let name = ctx.session["user_id"] else { throw HTTPError(.unauthorized, "Sign in first.") }
        return CurrentUser(name: name)
    }
}

@Controller
struct BasketController {
    /// GET /basket
    func index(_ user: CurrentUser) -> String { "the basket of \(user.name)" }

    /// GET /basket/greeting: for those, too, who are not signed in
    @GET func greeting(_ user: CurrentUser?) -> String { "hello, \(user?.name ?? "stranger")" }
}

/// A file that is read when the action has returned.
struct ReadLater: AsyncResponseConvertible {
    let path: String

    func response(for context: Context) async throws -> Response {
        let text = try await context.blocking { try String(contentsOfFile: path, encoding: .utf8) }
        return Response(text: text)
    }
}

/// Binding and actions read what this makes of the body.
struct Unmasking: Middleware {
    func respond(to ctx: Context, next: Next) async throws -> Response {
        if ctx.request.headers[.contentEncoding] == "masked" {
            ctx.request.body.replace(decodesContent: true) { masked in
                masked.map { chunk in ByteBuffer(bytes: chunk.readableBytesView.map { $0 ^ 0x20 }) }
            }
        }
        return try await next(ctx)
    }
}

@Controller
struct MaskedController {
    @POST func open(text: String) -> String { text }
    @GET func file(path: String) -> ReadLater { ReadLater(path: path) }
}

@Suite struct ContextSampleTests {
    @Test func `the basket of the guide`() async throws {
        let host = try TestHost(controllers: BasketController.self, middleware: Sessions(.memory))
        try await host.client().get("/basket").expect(.unauthorized)
        #expect(try await host.client().get("/basket/greeting").text == "hello, stranger")
        let alice = try await host.client(session: ["user_id": "alice"])
        #expect(try await alice.get("/basket").text == "the basket of alice")
    }

    @Test func `bodies and results of the guide`() async throws {
        let client = try TestHost(controllers: MaskedController.self, middleware: Unmasking()).client()
        let masked = ByteBuffer(bytes: "text=abc".utf8.map { $0 ^ 0x20 })
        let headers: HTTPFields = [
            .contentType: "application/x-www-form-urlencoded", .contentEncoding: "masked",
        ]
        #expect(try await client.request(.post, "/masked/open", headers: headers, body: masked).text == "abc")
        #expect(try await client.get("/masked/file?path=/etc/hostname").status == .ok)
        #expect(try await client.get("/masked/file?path=/nothing").status == .internalServerError)
    }
}
