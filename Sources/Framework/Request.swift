import HTTPTypes

/// An HTTP request as an action sees it.
public struct Request: Sendable {
    /// As it was sent: HEAD stays HEAD in an action that answers GET.
    public let method: HTTPRequest.Method
    /// `http` or `https`: that of an absolute target, else that of the connection.
    public let scheme: String
    /// The path as it came, still percent-encoded, without the query: `/chat/rooms/a%20b`.
    public let path: String
    /// What stands before every path of the app as the client knows it: `/shop` where a trusted proxy takes that away before it
    /// passes requests on. Empty without one. Locations that begin with a slash get it by themselves.
    public let prefix: String
    /// What stands behind the `?`, still percent-encoded; nil without one.
    public let rawQuery: String?
    /// The header fields in the order they came, `Host` and `Cookie` among them.
    public let headers: HTTPFields
    /// The content; read by binding, or by the action as an `AsyncSequence` of chunks.
    public let body: RequestBody

    /// - Parameters:
    ///   - target: the origin-form of RFC 9112 section 3.2.1: a path and an optional query.
    ///   - scheme: `http` or `https`.
    ///   - prefix: what a proxy has taken from the path, without a slash at its end.
    public init(
        method: HTTPRequest.Method, target: String, scheme: String = "http", prefix: String = "",
        headers: HTTPFields = [:],
        body: RequestBody = .empty
    ) {
        self.method = method
        self.scheme = scheme
        self.prefix = prefix
        if let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) {
            path = String(target[..<mark])
            rawQuery = String(target[target.index(after: mark)...])
        } else {
            path = target
            rawQuery = nil
        }
        self.headers = headers
        self.body = body
    }

    /// Host and perhaps port, as the client knows the server (RFC 9110 section 7.2): `shop.example:8080`. nil where an
    /// HTTP/1.0 client did not say. It is what the client claims: to decide by it, compare it with what you expect.
    public var authority: String? {
        for field in headers where field.name.canonicalName == "host" { return field.value }
        return nil
    }

    /// `http://shop.example:8080`, before which a path makes an absolute URL; nil without an authority.
    public var origin: String? { authority.map { "\(scheme)://\($0)" } }

    /// The path and the query as they came.
    public var target: String { rawQuery.map { "\(path)?\($0)" } ?? path }

    /// The query's fields in order, decoded as `application/x-www-form-urlencoded`.
    ///
    /// - Throws: `HTTPError` 400 for a malformed escape or more than 1000 fields.
    public var query: FormFields {
        get throws { try FormFields(urlEncoded: rawQuery ?? "") }
    }

    /// A cookie that the client has sent.
    public struct Cookie: Sendable, Hashable {
        /// As the client has it, in its case.
        public let name: String
        /// As it was set: nothing is decoded, and quotes are a part of it.
        public let value: String
    }

    /// All cookies, in the order they came (RFC 6265bis section 5.8). What has no `=` is none, nor is what has no name.
    ///
    /// A name may be there twice: cookies of other paths, and of the domains above this one, come with the same request.
    public var cookies: [Cookie] {
        var cookies: [Cookie] = []
        forEachCookie { name, value in
            cookies.append(
                Cookie(name: String(decoding: name, as: UTF8.self), value: String(decoding: value, as: UTF8.self)))
            return true
        }
        return cookies
    }

    /// The value of the first cookie of that name, in that case.
    public func cookie(_ name: String) -> String? {
        var first: String?
        forEachCookie(name) { value in
            first = String(decoding: value, as: UTF8.self)
            return false
        }
        return first
    }

    /// The bytes of a cookie's name or value, where they stand in the field.
    package typealias CookieBytes = Slice<UnsafeBufferPointer<UInt8>>

    /// Calls back with the values of the cookies of that name, in order: another path or domain may have set one, too.
    ///
    /// - Parameter goesOn: false where it needs no more.
    package func forEachCookie(_ name: String, _ goesOn: (CookieBytes) throws -> Bool) rethrows {
        var name = name
        try name.withUTF8 { name in
            try forEachCookie { found, value in
                guard found.count == name.count, found.elementsEqual(name) else { return true }
                return try goesOn(value)
            }
        }
    }

    /// Takes the fields apart, byte by byte: to a text, a `;` with an accent behind it would be no `;`.
    ///
    /// Of a name only blanks before it are left out, as between cookies there is one. Nothing else is taken for a blank: a
    /// `__Host-` name behind one that a browser does not know as such could come from anywhere.
    private func forEachCookie(_ goesOn: (_ name: CookieBytes, _ value: CookieBytes) throws -> Bool) rethrows {
        for field in headers where field.name.canonicalName == "cookie" {
            var line = field.value
            let isEnough = try line.withUTF8 { line in
                var start = 0
                while start < line.count {
                    let end = line[start...].firstIndex(of: UInt8(ascii: ";")) ?? line.count
                    while start < end, line[start] == UInt8(ascii: " ") || line[start] == UInt8(ascii: "\t") {
                        start += 1
                    }
                    if let equals = line[start..<end].firstIndex(of: UInt8(ascii: "=")), equals > start {
                        guard try goesOn(line[start..<equals], line[(equals + 1)..<end]) else { return true }
                    }
                    start = end + 1
                }
                return false
            }
            if isEnough { return }
        }
    }
}
