import HTTPTypes
import MartletCore

/// Lets pages of other origins read what the app answers (Fetch, section 3.2): it answers what browsers ask before a request,
/// and adds to each response what they ask for behind it.
///
///     app.use(CORS(origins: ["https://partner.example"], allowsCredentials: true))
///
///     @Use(CORS(origins: [.subdomains(of: "https://example.com")], methods: [.get]))
///     @Controller("prices") struct PriceController { … }
///
/// On a controller or an action it stands in place of the app's. It keeps nobody from sending requests: browsers alone ask it,
/// and only about reading the answer.
public struct CORS: ImmediateMiddleware {
    private let policy: Policy

    /// Allows the pages of these origins.
    ///
    /// - Parameters:
    ///   - origins: exact ones and patterns; without any, the app allows nobody, and its controllers may.
    ///   - methods: what the pages may send.
    ///   - headers: the fields that they may send beside those that every page may.
    ///   - exposes: the fields of the response that they may read beside those that every page may.
    ///   - allowsCredentials: true where the browser sends cookies along, and pages may read the answer to that.
    ///   - allowsPrivateNetwork: true where pages of the internet may ask an app in a private network (Private Network
    ///     Access).
    ///   - maxAge: how long a browser need not ask again. Chromium keeps to two hours at most.
    public init(
        origins: [AllowedOrigin], methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete],
        headers: [HTTPField.Name] = [.contentType], exposes: [HTTPField.Name] = [], allowsCredentials: Bool = false,
        allowsPrivateNetwork: Bool = false, maxAge: Duration = .seconds(600)
    ) {
        policy = Policy(
            origins: origins, methods: methods, headers: headers, exposes: exposes,
            allowsCredentials: allowsCredentials, allowsPrivateNetwork: allowsPrivateNetwork, maxAge: maxAge)
    }

    /// Allows the pages of every origin, without cookies: for what is public.
    ///
    /// - Parameters:
    ///   - methods: what the pages may send.
    ///   - headers: the fields that they may send beside those that every page may.
    ///   - exposes: the fields of the response that they may read beside those that every page may.
    ///   - maxAge: how long a browser need not ask again.
    public static func anyOrigin(
        methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete],
        headers: [HTTPField.Name] = [.contentType], exposes: [HTTPField.Name] = [], maxAge: Duration = .seconds(600)
    ) -> CORS {
        CORS(
            Policy(
                origins: nil, methods: methods, headers: headers, exposes: exposes, allowsCredentials: false,
                allowsPrivateNetwork: false, maxAge: maxAge))
    }

    private init(_ policy: Policy) { self.policy = policy }

    /// Answers a preflight; passes everything else on, and adds to the response what the browser asks for.
    ///
    /// - Throws: `HTTPError` 403 for a preflight of an origin that is not allowed.
    public func answer(_ ctx: Context, next: Next) throws -> Answer {
        let origin = ctx.request.headers.contains(.origin) ? ctx.request.headers[.origin] : nil
        if let origin, ctx.request.method == .options,
            let method = ctx.request.headers[.accessControlRequestMethod]
        {
            return .now(try policy.preflight(from: origin, for: method, ctx.request.headers))
        }
        return next.answer(ctx) { [policy] response in policy.complete(&response, to: origin) }
    }
}

extension CORS: PreflightMiddleware, PlacedMiddleware, CheckedMiddleware {
    /// Before everything that may refuse a request: a preflight has no cookies, and a refusal is an answer, too, which the page
    /// is to read.
    public var place: MiddlewarePlace {
        MiddlewarePlace(precedes: [Sessions.self, Authentication.self, RateLimit.self])
    }

    /// - Throws: `StartupError` for what is no origin, and for a field or a method that no policy can allow.
    public func check() throws {
        if let problem = policy.problems.first { throw StartupError(problem) }
    }
}

/// What is allowed, with the fields made that are the same for all.
// An object, because the closures of requests carry it along.
private final class Policy: Sendable {
    /// nil for all, without credentials.
    private let origins: [CORS.AllowedOrigin]?
    private let exact: Set<String>
    private let patterns: [CORS.AllowedOrigin]
    private let allowsCredentials: Bool
    private let allowsPrivateNetwork: Bool
    private let methods: String
    private let headers: String
    /// What every response for an allowed origin has.
    private let constant: [HTTPField]
    private let maxAge: String
    let problems: [String]

    init(
        origins: [CORS.AllowedOrigin]?, methods: [HTTPRequest.Method], headers: [HTTPField.Name],
        exposes: [HTTPField.Name], allowsCredentials: Bool, allowsPrivateNetwork: Bool, maxAge: Duration
    ) {
        self.origins = origins
        exact = Set((origins ?? []).compactMap { if case .exact(let text) = $0.rule { text } else { nil } })
        patterns = (origins ?? []).filter { !$0.isExact }
        self.allowsCredentials = allowsCredentials
        self.allowsPrivateNetwork = allowsPrivateNetwork
        self.methods = methods.map(\.rawValue).joined(separator: ", ")
        self.headers = headers.map(\.rawName).joined(separator: ", ")
        var constant: [HTTPField] = []
        if allowsCredentials { constant.append(HTTPField(name: .accessControlAllowCredentials, value: "true")) }
        if !exposes.isEmpty {
            let names = exposes.map(\.rawName).joined(separator: ", ")
            constant.append(HTTPField(name: .accessControlExposeHeaders, value: names))
        }
        self.constant = constant
        self.maxAge = "\(max(0, maxAge.components.seconds))"
        var problems = (origins ?? []).compactMap(\.problem)
        for method in methods where ["CONNECT", "TRACE", "TRACK"].contains(method.rawValue.uppercased()) {
            problems.append("CORS cannot allow \(method.rawValue): no browser sends it (Fetch, \"forbidden method\").")
        }
        if headers.contains(where: { $0.rawName == "*" }) || exposes.contains(where: { $0.rawName == "*" }) {
            problems.append("CORS takes no * among its header fields: name those that the pages need.")
        }
        self.problems = problems
    }

    private func allows(_ origin: String) -> Bool {
        if exact.contains(origin) { return true }
        guard !patterns.isEmpty else { return false }
        let read = WebOrigin(origin)
        return patterns.contains { $0.allows(origin, read) }
    }

    func preflight(from origin: String, for method: String, _ request: HTTPFields) throws -> Response {
        let asksForNetwork = CORSFields.requestPrivateNetwork.map { request.contains($0) } ?? false
        var fields: HTTPFields = [.vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"]
        if asksForNetwork { fields[.vary]? += ", Access-Control-Request-Private-Network" }
        guard origins == nil || allows(origin) else {
            throw HTTPError(.forbidden, "Pages of this origin may not read what is here.", headers: fields)
        }
        fields[.accessControlAllowOrigin] = origins == nil ? "*" : origin
        if allowsCredentials { fields[.accessControlAllowCredentials] = "true" }
        // All that is allowed, whatever was asked for: so the browser says what is not, and asks for the rest no more.
        fields[.accessControlAllowMethods] = methods
        if !headers.isEmpty { fields[.accessControlAllowHeaders] = headers }
        if asksForNetwork, allowsPrivateNetwork, let name = CORSFields.allowPrivateNetwork { fields[name] = "true" }
        fields[.accessControlMaxAge] = maxAge
        return Response(status: .noContent, headers: fields)
    }

    func complete(_ response: inout Response, to origin: String?) {
        // To everybody, so that a cache does not give one origin's answer, or that to no origin, to another.
        if origins != nil { response.headers.vary(on: "Origin") }
        // An action that has said it itself knows better.
        guard let origin, !response.headers.contains(.accessControlAllowOrigin), origins == nil || allows(origin) else {
            return
        }
        let allowed = HTTPField(name: .accessControlAllowOrigin, value: origins == nil ? "*" : origin)
        response.headers.append(allowed)
        for field in constant where !response.headers.contains(field.name) { response.headers.append(field) }
    }
}

private enum CORSFields {
    static let requestPrivateNetwork = HTTPField.Name("Access-Control-Request-Private-Network")
    static let allowPrivateNetwork = HTTPField.Name("Access-Control-Allow-Private-Network")
}

extension HTTPFields {
    private static let varyOrigin = HTTPField(name: .vary, value: "Origin")

    /// Says in `Vary` (RFC 9110, section 12.5.5) that the response depends on a field of the request.
    fileprivate mutating func vary(on name: String) {
        guard contains(.vary), let value = self[.vary] else {
            append(name == "Origin" ? Self.varyOrigin : HTTPField(name: .vary, value: name))
            return
        }
        let names = value.lowercased().split(separator: ",").map { $0.filter { $0 != " " && $0 != "\t" } }
        if !names.contains(where: { $0 == "*" || $0 == name.lowercased() }) { self[.vary] = "\(value), \(name)" }
    }
}
