import HTTPTypes

extension Context {
    /// The one place where errors become responses: where one leaves an action or a middleware, or where there is no route.
    @usableFromInline
    func response(for error: any Error) -> Response {
        // What was found before is the reason.
        let error = failure ?? error
        if error is CancellationError, Task.isCancelled {
            // Nobody is left to read it: the client is gone.
            return Response(status: .init(code: 499, reasonPhrase: "Client Closed Request"))
        }
        let (told, id) = told(of: error)
        return response(of: environment.errorHandlers, to: error, told) ?? ownResponse(to: told, id)
    }

    /// What Martlet itself makes of an error, in the client's language.
    private func ownResponse(to error: HTTPError, _ id: String?) -> Response {
        let language = environment.messages.language(for: request.headers)
        var isTranslated = false
        func translated(_ text: String) -> String {
            let translation = environment.messages.text(text, in: language)
            if translation != text { isTranslated = true }
            return translation
        }
        var response =
            request.prefersHTML
            ? errorPage(error, id, translated) : error.response(environment.json, translated, requestID: id)
        guard error.detail != nil || !error.fieldErrors.isEmpty else { return response }
        // Another client is told the same in its own language (RFC 9110 sections 8.5 and 12.5.5).
        response.headers.append(HTTPField(name: .vary, value: "Accept-Language"))
        // A text that is not translated may be in any language.
        if isTranslated, !response.headers.contains(.contentLanguage) { response.headers[.contentLanguage] = language }
        return response
    }

    /// What the client may know of an error. What nobody has foreseen goes to the log, where the request's id finds it.
    private func told(of error: any Error) -> (error: HTTPError, requestID: String?) {
        switch error {
        case let error as HTTPError:
            return (error, nil)
        case let error as TopicError where error.isRequests:
            return (HTTPError.badRequest(error.description), nil)
        default:
            logger.error(
                "unhandled error",
                metadata: ["error": "\(error)", "route": "\(routeName ?? "-")", "target": "\(request.path)"])
            let detail = environment.isDevelopment ? "\(type(of: error)): \(error)" : nil
            return (HTTPError(.internalServerError, detail), requestID)
        }
    }

    /// What the app has an error look like; nil where it leaves that to us.
    private func response(of handlers: [ErrorHandler], to error: any Error, _ told: HTTPError) -> Response? {
        for handler in handlers {
            do {
                guard let result = try handler(error, self) else { continue }
                var response = try result.response(for: self)
                if !(result is Response) { response.status = told.status }
                // `Allow`, `Retry-After` and their kin are part of the status.
                for field in told.headers where !response.headers.contains(field.name) {
                    response.headers[fields: field.name] = told.headers[fields: field.name]
                }
                return response
            } catch {
                logger.error("app.errors has failed", metadata: ["error": "\(error)"])
            }
        }
        return nil
    }

    /// A text that the client is told, in its language.
    func translated(_ text: String) -> String { message(text) }

    /// A text of ``AppBuilder/messages``, for a page that shows an error itself.
    ///
    /// - Parameter language: that of the page; nil for what the client likes best.
    public func message(_ english: String, in language: String? = nil) -> String {
        let messages = environment.messages
        return messages.text(english, in: language?.lowercased() ?? messages.language(for: request.headers))
    }

    /// What a person in a browser is shown.
    private func errorPage(_ error: HTTPError, _ id: String?, _ translated: (String) -> String) -> Response {
        let title = "\(error.status.code) \(error.status.reasonPhrase)".escapedForHTML
        var parts = error.detail.map { ["<p>\(translated($0).escapedForHTML)</p>"] } ?? []
        if !error.fieldErrors.isEmpty {
            let items = error.fieldErrors.messages.map { entry in
                let messages = entry.messages.map { translated($0).escapedForHTML }.joined(separator: ", ")
                return "<li>\(entry.field.escapedForHTML): \(messages)</li>"
            }
            parts.append("<ul>\(items.joined())</ul>")
        }
        if let id { parts.append("<p><small>\(id)</small></p>") }
        if environment.isDevelopment {
            let route = (routeName ?? "no route").escapedForHTML
            let method = request.method.rawValue.escapedForHTML
            parts.append(
                "<p><small>\(method) \(request.path.escapedForHTML) · \(route) · shown in development</small></p>")
        }
        let page = """
            <!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>\(title)</title>
            <style nonce="\(cspNonce)">body{font:16px/1.5 system-ui;max-width:48rem;margin:3rem auto;padding:0 1rem;overflow-wrap:anywhere}</style>
            <h1>\(title)</h1>
            \(parts.joined(separator: "\n"))
            """
        var response = Response(status: error.status, text: page, contentType: "text/html; charset=utf-8")
        for field in error.headers where field.name != .contentType { response.headers.append(field) }
        // Another client is told the same as JSON.
        response.headers.append(HTTPField(name: .vary, value: "Accept"))
        return response
    }
}

extension Request {
    /// True for a browser that opens a page or sends a form of one: it names HTML in `Accept`, and likes JSON no better.
    public var prefersHTML: Bool {
        guard headers.contains(.accept) else { return false }
        var html = 0
        var json = 0
        for item in AcceptItem.items(of: .accept, in: headers) {
            switch item.value {
            case "text/html": html = max(html, item.weight)
            case "application/json", "application/problem+json": json = max(json, item.weight)
            default: break
            }
        }
        return html > 0 && html >= json
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
