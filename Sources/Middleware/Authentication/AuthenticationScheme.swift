import MartletCore

/// A way in which a client proves who it is: `SessionScheme`, `BasicScheme`, `BearerScheme`, or one of your own.
public protocol AuthenticationScheme: Sendable {
    /// Names the scheme in `user.proof`, in policies and in the log.
    var name: String { get }
    /// True where browsers send the proof by themselves, also with what another site has them send.
    var isAmbient: Bool { get }
    /// What has to stand before `Authentication`, so that the scheme finds what it reads.
    var needs: [any Middleware.Type] { get }

    /// Reads the proof that a request brings.
    ///
    /// - Throws: what answers the request, such as 503 where it cannot be decided now. A proof that is wrong is `.refused`.
    func authenticate(_ ctx: Context) throws -> AuthenticationResult

    /// What a client that gets 401 can do: a challenge of RFC 9110 section 11.3, `Basic realm="shop"`.
    ///
    /// - Parameter refusal: why what it sent was refused; nil where it sent nothing that the scheme reads.
    /// - Returns: nil where there is nothing to say.
    func challenge(_ ctx: Context, refusal: String?) -> String?
}

extension AuthenticationScheme {
    /// False: the client sends it on purpose.
    public var isAmbient: Bool { false }
    /// Nothing.
    public var needs: [any Middleware.Type] { [] }
    /// Nothing.
    public func challenge(_ ctx: Context, refusal: String?) -> String? { nil }
}

/// What a scheme has found in a request.
public enum AuthenticationResult: Sendable {
    /// Nothing that the scheme reads: the next one is asked.
    case none
    /// It is this user.
    case user(User)
    /// It is a user, of whom the rest is read when it is first asked for: `user.proof` is yours to set.
    case someone(@Sendable () -> User?)
    /// A proof that does not hold: forged, out of date, of nobody. The text is for the challenge and the log.
    case refused(String)
    /// It takes some time to find out.
    case later(@Sendable () async throws -> AuthenticationResult)
}
