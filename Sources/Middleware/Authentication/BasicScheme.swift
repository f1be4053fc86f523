#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import HTTPTypes
import MartletCore

/// A name and a password with every request (RFC 7617). Without TLS everybody on the way reads them.
///
/// A password that is stored as it should be takes a good part of a second to check, for every request: take it for tools and
/// operators, and sessions or tokens for the rest.
public struct BasicScheme: AuthenticationScheme {
    /// Finds out whose the name and the password are; nil for nobody.
    public typealias Verification =
        @Sendable (_ name: String, _ password: String, _ ctx: Context) async throws -> User?

    /// `basic`, where no other is given.
    public let name: String
    /// Browsers send them along once their user has typed them.
    public var isAmbient: Bool { true }
    private let realm: String
    private let verify: Verification

    /// - Parameters:
    ///   - name: names the scheme, where there are several.
    ///   - realm: what the password is for, which a browser shows.
    ///   - verify: must take as long for a name that there is not.
    public init(name: String = "basic", realm: String, verify: @escaping Verification) {
        self.name = name
        self.realm = realm
        self.verify = verify
    }

    /// The user whose name and password the request has.
    public func authenticate(_ ctx: Context) -> AuthenticationResult {
        guard let credentials = ctx.request.credentials(scheme: "basic") else { return .none }
        guard credentials.utf8.count <= 4096, let data = Data(base64Encoded: String(credentials)),
            let text = String(validating: data, as: UTF8.self), let colon = text.firstIndex(of: ":"),
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f })
        else { return .refused("The credentials are malformed.") }
        let (name, password) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
        return .later {
            guard var user = try await verify(name, password, ctx) else { return .refused("They are not known.") }
            if user.proof == nil { user.proof = UserProof(scheme: self.name, methods: ["pwd"], time: ctx.now) }
            return .user(user)
        }
    }

    /// `Basic realm="…", charset="UTF-8"`
    public func challenge(_ ctx: Context, refusal: String?) -> String? {
        "Basic realm=\(realm.quotedString), charset=\"UTF-8\""
    }
}

extension AuthenticationScheme where Self == BasicScheme {
    /// A name and a password with every request.
    public static func basic(
        name: String = "basic", realm: String, verify: @escaping BasicScheme.Verification
    ) -> BasicScheme { BasicScheme(name: name, realm: realm, verify: verify) }
}
