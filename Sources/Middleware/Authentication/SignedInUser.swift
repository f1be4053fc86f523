#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import MartletCore

/// What a session has of its user: texts beside the app's own, so that a request reads no JSON for it.
enum SignedInUser {
    static let id = "martlet.user"
    static let name = "martlet.name"
    static let roles = "martlet.roles"
    static let claims = "martlet.claims"
    static let methods = "martlet.methods"
    static let time = "martlet.signed-in"
    static let keys = [id, name, roles, claims, methods, time]

    /// Keeps roles apart; none of them can have it.
    static let separator: Character = "\n"
}

extension Session {
    /// Whom this session is signed in for.
    var signedInUser: User? {
        guard let id = self[SignedInUser.id] else { return nil }
        return User(
            id: id, name: self[SignedInUser.name], roles: Set(list(SignedInUser.roles)),
            claims: self[SignedInUser.claims].flatMap { try? JSON.standard.value([String: String].self, fromText: $0) }
                ?? [:],
            proof: UserProof(
                scheme: "session", methods: list(SignedInUser.methods),
                time: self[SignedInUser.time].flatMap(TimeInterval.init).map(Date.init(timeIntervalSince1970:))))
    }

    private func list(_ key: String) -> [String] {
        (self[key] ?? "").split(separator: SignedInUser.separator).map(String.init)
    }

    func signIn(_ user: User, methods: [String], at time: Date) {
        let values = Self.values(of: user, methods: methods, at: time)
        for key in SignedInUser.keys { self[key] = values[key] }
    }

    /// What the session of a user has.
    package static func values(of user: User, methods: [String], at time: Date) -> [String: String] {
        var values = [SignedInUser.id: user.id, SignedInUser.time: String(time.timeIntervalSince1970)]
        values[SignedInUser.name] = user.name
        values[SignedInUser.roles] = text(user.roles.sorted())
        values[SignedInUser.claims] = user.claims.isEmpty ? nil : try? JSON.standard.text(of: user.claims)
        values[SignedInUser.methods] = text(methods)
        return values
    }

    private static func text(_ list: [String]) -> String? {
        list.isEmpty ? nil : list.joined(separator: String(SignedInUser.separator))
    }
}
