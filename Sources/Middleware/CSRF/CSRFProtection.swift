import HTTPTypes
import MartletCore

/// Refuses what another site has a browser send in its user's name (cross-site request forgery): unsafe requests, which are
/// all but GET, HEAD, OPTIONS and TRACE.
///
/// `Authentication` has it where sessions or passwords are sent by the browser itself. A browser says where a request comes
/// from, in `Sec-Fetch-Site` (W3C Fetch Metadata) or, older ones, in `Origin`; what says neither comes from no browser and
/// passes. With `requiresToken`, a form has to bring the session's token as well, for browsers that say neither.
///
/// An action that is for other sites says `@Mark(CrossSiteRequests.allowed)`.
public struct CSRFProtection: ImmediateMiddleware {
    private let trustedOrigins: Set<String>
    private let requiresToken: Bool

    /// - Parameters:
    ///   - trustedOrigins: other sites that may send requests, such as `https://partner.example`, as browsers write them: lower
    ///     case, and without the scheme's own port.
    ///   - requiresToken: true where an unsafe request with a session has to bring `ctx.csrfToken`, in the field `csrf_token` of
    ///     a form of at most 16 KiB or in the header field `X-CSRF-Token`.
    public init(trustedOrigins: Set<String> = [], requiresToken: Bool = false) {
        self.trustedOrigins = trustedOrigins
        self.requiresToken = requiresToken
    }

    /// Passes on what may come.
    ///
    /// - Throws: `HTTPError` 403.
    public func answer(_ ctx: Context, next: Next) throws -> Answer { try answer(ctx, isAmbient: true, next: next) }

    /// - Parameter isAmbient: false where the proof is one that the client has sent on purpose.
    func answer(_ ctx: Context, isAmbient: Bool, next: Next) throws -> Answer {
        guard isAmbient, !ctx.request.method.isSafe, ctx.route?.mark(CrossSiteRequests.self) != .allowed else {
            return next.answer(ctx)
        }
        try checkOrigin(ctx.request)
        guard requiresToken, let secret = try secret(of: ctx) else { return next.answer(ctx) }
        if let token = Self.tokenField.flatMap({ ctx.request.headers[$0] }) {
            guard CSRFToken.matches(token, secret) else { throw HTTPError.withoutToken }
            return next.answer(ctx)
        }
        return .later(ctx) {
            let form = try await ctx.request.form()
            guard let token = form["csrf_token"], CSRFToken.matches(token, secret) else { throw HTTPError.withoutToken }
            return try await next(ctx)
        }
    }

    /// - Returns: nil where there is nothing that could be forged.
    private func secret(of ctx: Context) throws -> String? {
        let secret = ctx.session[CSRFToken.key]
        guard secret != nil || ctx.user == nil else { throw HTTPError.withoutToken }
        return secret
    }

    private func checkOrigin(_ request: Request) throws {
        let origin = request.headers[.origin]
        if let origin, trustedOrigins.contains(origin) { return }
        if let site = Self.fetchSite.flatMap({ request.headers[$0] }) {
            // `none`: the user did it, by a bookmark or the address bar.
            guard site == "same-origin" || site == "none" else { throw HTTPError.fromAnotherSite }
            return
        }
        // Not a browser, or one of before 2020 that does as it is told by a page of this site.
        guard let origin else { return }
        // The scheme is left out: who ends TLS in front of the app may not say so.
        guard let end = origin.firstRange(of: "://"), let authority = request.authority,
            Self.hasSameHost(origin[end.upperBound...], authority)
        else { throw HTTPError.fromAnotherSite }
    }

    /// Whether two authorities are the same but for the port that a scheme has anyway.
    private static func hasSameHost(_ first: Substring, _ second: String) -> Bool {
        func normal(_ text: some StringProtocol) -> String {
            let text = text.lowercased()
            for port in [":80", ":443"] where text.hasSuffix(port) { return String(text.dropLast(port.count)) }
            return text
        }
        return normal(first) == normal(second)
    }

    private static let fetchSite = HTTPField.Name("Sec-Fetch-Site")
    package static let tokenField = HTTPField.Name("X-CSRF-Token")
}

/// Whether an action takes requests that other sites have browsers send: `@Mark(CrossSiteRequests.allowed)`.
public enum CrossSiteRequests: Sendable {
    /// It does.
    case allowed
    /// It does not, whatever its controller says.
    case refused
}

extension HTTPError {
    fileprivate static var fromAnotherSite: HTTPError {
        HTTPError(.forbidden, "This request was sent by a page of another site, which may not do this in your name.")
    }
    fileprivate static var withoutToken: HTTPError {
        HTTPError(.forbidden, "The form has no valid token: open the page again, and send it from there.")
    }
}

extension HTTPRequest.Method {
    /// RFC 9110 section 9.2.1.
    var isSafe: Bool { self == .get || self == .head || self == .options || self == .trace }
}
