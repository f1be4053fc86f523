#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The user who makes a request, as one of the app's authentication schemes has proved it: `ctx.user`, or a parameter of an
/// action.
///
///     func orders(_ user: User) -> [Order]          // 401 for nobody
///     func frontPage(_ user: User?) -> Page         // nil for nobody
public struct User: Sendable, Identifiable {
    /// By which the app knows the user, the same for all schemes: a name, a number, a UUID.
    public let id: String
    /// For people to read.
    public var name: String?
    /// What the user may do, in the app's words: `admin`.
    public var roles: Set<String>
    /// What else the scheme knows of the user, such as the claims of a token. What is no text there is JSON.
    public var claims: [String: String]
    /// How and when it was proved who this is. A scheme that leaves it out gets one that names the scheme.
    public var proof: UserProof?

    /// - Parameters:
    ///   - id: must not be empty.
    ///   - name: for people to read.
    public init(
        id: String, name: String? = nil, roles: Set<String> = [], claims: [String: String] = [:],
        proof: UserProof? = nil
    ) {
        self.id = id
        self.name = name
        self.roles = roles
        self.claims = claims
        self.proof = proof
    }

    /// Whether the user has a role.
    public func has(role: String) -> Bool { roles.contains(role) }
}

/// How it was proved who a user is.
public struct UserProof: Sendable {
    /// The name of the scheme: `session`, `basic`, `bearer`.
    public var scheme: String
    /// By what the user was recognised, in the words of RFC 8176: `pwd`, `otp`, `mfa`.
    public var methods: [String]
    /// When; for a session, when it was signed in.
    public var time: Date?
    /// When the proof is over, and the streams that were opened with it; nil for never.
    public var expiresAt: Date?
    /// Names the session, token or key, so that its end ends the streams that were opened with it; nil where only the end of
    /// all the user's proofs does.
    public var handle: ProofHandle?

    /// - Parameters:
    ///   - scheme: the name of the scheme.
    ///   - methods: as RFC 8176 names them.
    public init(
        scheme: String, methods: [String] = [], time: Date? = nil, expiresAt: Date? = nil, handle: ProofHandle? = nil
    ) {
        self.scheme = scheme
        self.methods = methods
        self.time = time
        self.expiresAt = expiresAt
        self.handle = handle
    }
}

/// Names a proof, or all proofs of a user: what `EventHub.closeStreams(provedBy:)` is told when it is over.
public struct ProofHandle: Sendable, Hashable {
    private enum Kind: Sendable, Hashable {
        case user
        case session
        case token
        case key
    }
    private let kind: Kind
    private let id: String

    /// All that proves who a user is.
    public static func user(_ id: User.ID) -> ProofHandle { ProofHandle(kind: .user, id: id) }
    /// A session.
    public static func session(_ id: String) -> ProofHandle { ProofHandle(kind: .session, id: id) }
    /// A token, by its `jti`.
    public static func token(_ id: String) -> ProofHandle { ProofHandle(kind: .token, id: id) }
    /// An API key, by what is shown of it.
    public static func key(_ id: String) -> ProofHandle { ProofHandle(kind: .key, id: id) }

    /// The `jti` of a token; nil for anything else.
    public var tokenID: String? { kind == .token ? id : nil }
}

extension User: ContextValue {
    /// The user of the request.
    ///
    /// - Throws: `HTTPError` 401 where it is nobody's.
    public static func make(from ctx: Context) throws -> User {
        guard let user = ctx.user else { throw HTTPError.notSignedIn }
        return user
    }
}

extension HTTPError {
    /// 401: it is not known who asks. The `Authentication` middleware adds what the client can do about it.
    package static var notSignedIn: HTTPError { HTTPError(.unauthorized, "Sign in first.") }
    /// 403: it is known who asks, and not allowed.
    package static var notAllowed: HTTPError { HTTPError(.forbidden, "You may not do this.") }
}
