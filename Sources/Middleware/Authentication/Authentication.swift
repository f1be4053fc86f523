import HTTPTypes
import MartletCore

/// Finds out who asks: `ctx.user` from here on.
///
///     app.use(Sessions(.memory), Authentication(.session, .basic(realm: "shop") { name, password, ctx in … }))
///
/// The schemes are asked in order, and the first that knows the user decides. A request without a proof, or with one that is
/// refused, goes on as nobody's: `@Authorize` and its kin say where that is not enough. What is answered with 401 then, by
/// whomever, gets the schemes' challenges, or for a browser that opens a page the way to the sign-in page.
///
/// Where a scheme is ambient, as a session's cookie is, requests that other sites have browsers send are refused; see
/// ``CSRFProtection``.
public struct Authentication: ImmediateMiddleware, AuthenticatingMiddleware, PlacedMiddleware, CheckedMiddleware {
    private let schemes: [any AuthenticationScheme]
    private let signInPage: SignInPage?
    private let csrf: CSRFProtection?

    /// - Parameters:
    ///   - schemes: in the order in which they are asked.
    ///   - signInPage: where browsers are sent that open a page which is not for nobody, with `?return-to=` and the page. A
    ///     path of the app.
    ///   - csrf: how requests from other sites are told apart where a scheme is ambient; nil to take them all.
    public init(
        _ schemes: any AuthenticationScheme..., signInPage: String? = nil, csrf: CSRFProtection? = CSRFProtection()
    ) {
        self.schemes = schemes
        self.signInPage = signInPage.map(SignInPage.init)
        self.csrf = schemes.contains(where: \.isAmbient) ? csrf : nil
    }

    /// After what the schemes need.
    public var place: MiddlewarePlace { MiddlewarePlace(needs: schemes.flatMap(\.needs)) }

    /// - Throws: `StartupError` without a scheme, and for two of one name, which policies could not tell apart.
    public func check() throws {
        guard !schemes.isEmpty else {
            throw StartupError("Authentication() has no scheme: name those that the app takes, such as .session.")
        }
        var names: Set<String> = []
        for scheme in schemes where !names.insert(scheme.name).inserted {
            throw StartupError("Authentication has two schemes of the name '\(scheme.name)': give one of them another.")
        }
    }

    /// Answers the request when it is known who asks; waits only for a scheme that does.
    ///
    /// - Throws: what a scheme throws; `HTTPError` 403 for what another site has a browser send.
    public func answer(_ ctx: Context, next: Next) throws -> Answer {
        var refusals: [String?] = []
        for (index, scheme) in schemes.enumerated() {
            switch try scheme.authenticate(ctx) {
            case .none:
                refusals.append(nil)
            case .refused(let reason):
                refusals.append(reason)
            case .user(let user):
                identify(user, by: scheme, ctx)
                return try answer(ctx, isAmbient: scheme.isAmbient, refusals, next)
            case .someone(let find):
                ctx.identify(find)
                return try answer(ctx, isAmbient: scheme.isAmbient, refusals, next)
            case .later(let finish):
                return .later(ctx) { [refusals] in
                    try await respond(ctx, next, at: index, finish, refusals)
                }
            }
        }
        return try answer(ctx, isAmbient: true, refusals, next)
    }

    /// Passes the request on when it is known whose it is.
    ///
    /// - Parameter isAmbient: false where the client has sent its proof on purpose.
    private func answer(_ ctx: Context, isAmbient: Bool, _ refusals: [String?], _ next: Next) throws -> Answer {
        let answer = try csrf?.answer(ctx, isAmbient: isAmbient, next: next) ?? next.answer(ctx)
        return challenging(answer, ctx, refusals)
    }

    /// Goes on at a scheme that takes some time.
    private func respond(
        _ ctx: Context, _ next: Next, at index: Int, _ finish: @Sendable () async throws -> AuthenticationResult,
        _ refusals: [String?]
    ) async throws -> Response {
        var refusals = refusals
        var isAmbient = true
        var result = try await finish()
        search: for index in index..<schemes.count {
            while case .later(let finish) = result { result = try await finish() }
            switch result {
            case .user(let user):
                identify(user, by: schemes[index], ctx)
                isAmbient = schemes[index].isAmbient
                break search
            case .someone(let find):
                ctx.identify(find)
                isAmbient = schemes[index].isAmbient
                break search
            case .refused(let reason):
                refusals.append(reason)
            case .none, .later:
                refusals.append(nil)
            }
            if index + 1 < schemes.count { result = try schemes[index + 1].authenticate(ctx) }
        }
        return try await answer(ctx, isAmbient: isAmbient, refusals, next).response
    }

    private func identify(_ user: User, by scheme: any AuthenticationScheme, _ ctx: Context) {
        var user = user
        if user.proof == nil { user.proof = UserProof(scheme: scheme.name) }
        ctx.identify(as: user)
    }

    /// RFC 9110 section 15.5.2: who is refused for want of a proof is told which would do.
    private func challenging(_ answer: Answer, _ ctx: Context, _ refusals: [String?]) -> Answer {
        // The rule, and nothing to keep for it.
        if case .now(let response) = answer, response.status != .unauthorized { return answer }
        return answer.map(ctx) { response in
            guard response.status == .unauthorized else { return }
            if let signInPage, let redirect = signInPage.redirect(ctx, from: response) {
                response = redirect
            } else if !response.headers.contains(.wwwAuthenticate) {
                for (index, scheme) in schemes.enumerated() {
                    let refusal = index < refusals.count ? refusals[index] : nil
                    guard let challenge = scheme.challenge(ctx, refusal: refusal) else { continue }
                    response.headers.append(HTTPField(name: .wwwAuthenticate, value: challenge))
                }
            }
        }
    }
}
