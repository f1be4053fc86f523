import Martlet

/// What browsers enforce: pages of other origins, and what a page may run.
@Controller("policies")
struct PolicyController {
    /// A page with a script that it lets run, and two that it does not.
    @Use(SecurityHeaders())
    func index(_ ctx: Context) -> HTML {
        HTML(
            """
            <!doctype html><title>policies</title>
            <p id="target" onclick="document.title += ' handler'">here</p>
            <script nonce="\(ctx.cspNonce)">document.title += " nonce"</script>
            <script>document.title += " inline"</script>
            """)
    }

    /// Changes something, for pages of this machine's other ports.
    @Use(shared) @PUT("shared") func update(text: String, _ ctx: Context) -> String {
        ctx.response.headers[.eTag] = "\"\(text)\""
        return "\(text) \(ctx.request.cookie("proof") ?? "nobody")"
    }

    /// Gives the client a cookie.
    @Use(shared) @POST("shared") func enter(_ ctx: Context) throws {
        ctx.response.setCookie(try SetCookie("proof", "ada"))
    }

    /// An event for whoever has the cookie.
    @Use(shared) @GET("shared/stream") func stream(_ ctx: Context) throws -> EventStream {
        guard let name = ctx.request.cookie("proof") else { throw HTTPError(.unauthorized) }
        return ctx.sse.stream { try $0.send(data: name) }
    }

    /// Refuses all, so that a page can read that it was.
    @Use(shared) @GET("shared/refused") func refused() throws -> String { throw HTTPError(.unauthorized) }

    /// What pages of other origins may not read.
    @GET("own") func own() -> String { "own" }
}

private let shared = CORS(
    origins: [.anyPort(of: "http://127.0.0.1")], methods: [.get, .post, .put], exposes: [.eTag], allowsCredentials: true
)
