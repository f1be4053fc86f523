import HTTPTypes

extension Context {
    /// The one place where errors become responses: where one leaves an action or a middleware.
    @usableFromInline
    func response(for error: any Error) -> Response {
        // What was found before is the reason.
        switch failure ?? error {
        case let error as HTTPError:
            return error.response(translated)
        case let error as TopicError where error.isRequests:
            return HTTPError.badRequest(error.description).response
        case is CancellationError where Task.isCancelled:
            // Nobody is left to read it: the client is gone.
            return Response(status: .init(code: 499, reasonPhrase: "Client Closed Request"))
        default:
            environment.logger.error(
                "unhandled error",
                metadata: [
                    "error": "\(error)", "request-id": "\(requestID)", "route": "\(routeName ?? "-")",
                    "target": "\(request.path)",
                ])
            let detail = environment.isDevelopment ? "\(type(of: error)): \(error)" : nil
            if let detail, request.prefersHTML { return developmentPage(detail) }
            return Problem(.internalServerError, detail: detail, requestID: requestID).response()
        }
    }

    /// A text that the client is told, in its language.
    func translated(_ text: String) -> String {
        environment.messages.text(text, in: environment.messages.language(for: request.headers))
    }

    private func developmentPage(_ detail: String) -> Response {
        let route = routeName ?? "no route"
        let page = """
            <!doctype html><meta charset="utf-8"><title>500 Internal Server Error</title>
            <style>body{font:16px/1.5 system-ui;max-width:48rem;margin:3rem auto;padding:0 1rem}
            pre{padding:1rem;background:#8881;border-radius:8px;white-space:pre-wrap}</style>
            <h1>500 Internal Server Error</h1>
            <p>\(request.method.rawValue.escapedForHTML) \(request.path.escapedForHTML) · \
            \(route.escapedForHTML) · request \(requestID)</p>
            <pre>\(detail.escapedForHTML)</pre>
            <p>This page is shown in development only.</p>
            """
        return Response(status: .internalServerError, text: page, contentType: "text/html; charset=utf-8")
    }
}

extension Request {
    /// True for a browser that opens a page.
    fileprivate var prefersHTML: Bool {
        AcceptItem.items(of: .accept, in: headers).first.map { $0.value == "text/html" && $0.weight > 0 } ?? false
    }
}

extension String {
    /// The text with the characters replaced that mean something in HTML, inside attributes as well.
    public var escapedForHTML: String {
        var escaped = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
