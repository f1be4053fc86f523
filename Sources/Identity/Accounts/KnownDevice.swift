import MartletCore
import MartletMiddleware

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A browser from which a user has signed in, as a cookie shows that only this app can have made. It lets nobody in: it keeps
/// others' failures from counting against this user here.
struct KnownDevice: Codable, Sendable {
    let user: User.ID
    /// Another for each sign-in, by which its failures are counted.
    let id: String

    /// - Returns: nil never: it is a name that a cookie can have.
    static func cookie(_ keys: KeyRing, isSecure: Bool) -> ProtectedCookie<KnownDevice>? {
        try? ProtectedCookie(
            "martlet_device", .encrypted, keys: keys, purpose: "known-device", lifetime: .seconds(180 * 24 * 3600),
            attributes: CookieAttributes(isSecure: isSecure ? true : nil))
    }
}
