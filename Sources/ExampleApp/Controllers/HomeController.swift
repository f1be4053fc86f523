import Foundation
import Martlet

/// The demo page and its files.
@Controller
struct HomeController {
    private let page = PublicFile("index", "html", "text/html; charset=utf-8")
    private let stylesheet = PublicFile("app", "css", "text/css; charset=utf-8")
    private let program = PublicFile("app", "js", "text/javascript; charset=utf-8")
    private let drawing = PublicFile("canvas", "js", "text/javascript; charset=utf-8")
    private let room = PublicFile("chat", "js", "text/javascript; charset=utf-8")
    private let icon = PublicFile("favicon", "svg", "image/svg+xml")

    /// The demo page.
    func index() throws -> Response { try page.response }

    @GET("app.css") func style() throws -> Response { try stylesheet.response }
    @GET("app.js") func script() throws -> Response { try program.response }
    @GET("canvas.js") func canvas() throws -> Response { try drawing.response }
    @GET("chat.js") func chat() throws -> Response { try room.response }
    @GET("favicon.svg") func favicon() throws -> Response { try icon.response }
}

/// A file of the app's `Public` folder, read once.
private struct PublicFile: Sendable {
    let text: String?
    let type: String

    init(_ name: String, _ ending: String, _ type: String) {
        let url = Bundle.module.url(forResource: name, withExtension: ending, subdirectory: "Public")
        text = url.flatMap { try? String(contentsOf: $0, encoding: .utf8) }
        self.type = type
    }

    var response: Response {
        get throws {
            guard let text else { throw HTTPError(.notFound) }
            var response = Response(text: text, contentType: type)
            response.headers[.cacheControl] = "no-cache"
            return response
        }
    }
}
