import MartletCore

/// What a session has of its user beside the id: texts among the app's own, so that a request reads no JSON for it.
enum SignedInUser {
    static let name = "martlet.name"
    static let roles = "martlet.roles"
    static let claims = "martlet.claims"
    static let methods = "martlet.methods"
    static let keys = [name, roles, claims, methods]

    /// Keeps roles apart; none of them can have it.
    static let separator: Character = "\n"
}

extension Session {
    /// Whom this session is signed in for.
    var signedInUser: User? {
        guard let id = user else { return nil }
        return User(
            id: id, name: self[SignedInUser.name], roles: Set(list(SignedInUser.roles)),
            claims: self[SignedInUser.claims].flatMap { try? JSON.standard.value([String: String].self, fromText: $0) }
                ?? [:],
            proof: proof)
    }

    /// How it was proved.
    var proof: UserProof {
        UserProof(
            scheme: "session", methods: list(SignedInUser.methods), time: createdAt, expiresAt: expiresAt,
            handle: .session(handle.text))
    }

    private func list(_ key: String) -> [String] {
        guard let text = self[key] else { return [] }
        return text.split(separator: SignedInUser.separator).map(String.init)
    }

    func signIn(_ user: User, methods: [String]) {
        self.user = user.id
        let values = Self.values(of: user, methods: methods)
        for key in SignedInUser.keys where self[key] != values[key] { self[key] = values[key] }
    }

    /// What the session of a user has.
    package static func values(of user: User, methods: [String]) -> [String: String] {
        var values: [String: String] = [:]
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
