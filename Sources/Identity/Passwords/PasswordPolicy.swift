import MartletCore

/// Which passwords a user may choose: long ones that nobody guesses. There are no rules for digits and signs, which make
/// passwords no better (NIST SP 800-63B section 3.1.1.2).
///
///     let problems = PasswordPolicy().problems(with: signUp.password, of: [signUp.name, signUp.email])
///
/// As a rule of one field, which knows nothing of the user: `@Valid(.password) password: String`.
public struct PasswordPolicy: Sendable {
    /// The fewest characters, each code point of Unicode being one.
    public let minLength: Int
    /// True to refuse the 3,000 that are the commonest.
    public let refusesCommon: Bool

    /// A policy, at start-up: the list of common passwords is read here.
    public init(minLength: Int = 8, refusesCommon: Bool = true) {
        self.minLength = max(1, minLength)
        self.refusesCommon = refusesCommon && CommonPasswords.count > 0
    }

    /// What is wrong with a password, as validation tells it; nothing for one that may be chosen.
    ///
    /// - Parameter words: what belongs to the user, and so is no secret: name, id, e-mail address. The password must not be
    ///   little else than these.
    public func problems(with password: String, of words: [String] = []) -> [String] {
        guard password.utf8.count <= PasswordHasher.maxBytes else {
            return ["must have at most \(PasswordHasher.maxBytes) bytes"]
        }
        guard password.unicodeScalars.count >= minLength else { return ["must have at least \(minLength) characters"] }
        if refusesCommon, CommonPasswords.contains(password) { return ["is one of the most common passwords"] }
        return Self.isLittleElse(password, than: words) ? ["must not be the name of the user"] : []
    }

    /// True where fewer than 4 characters are left without the words.
    private static func isLittleElse(_ password: String, than words: [String]) -> Bool {
        let password = password.lowercased()
        let words = words.map { $0.lowercased() }
        if words.contains(password) { return true }
        // Whoever makes up both has no more than a moment of the event loop.
        guard password.utf8.count <= 128 else { return false }
        // The longest first: one may be a part of another. What is short may be in any password.
        let parts = words.filter { $0.utf8.count <= 256 }
            .flatMap { [$0[...]] + $0.split { !$0.isLetter && !$0.isNumber } }
            .filter { (3...64).contains($0.utf8.count) }.sorted { $0.utf8.count > $1.utf8.count }.prefix(8)
        let rest = parts.reduce(password) { rest, part in rest.replacing(part, with: "") }
        return rest != password && rest.unicodeScalars.count < 4
    }
}

extension Rule where Value == String {
    /// A password that a user may choose, by the standard policy.
    public static var password: Rule { password(PasswordPolicy()) }

    /// A password that a user may choose.
    public static func password(_ policy: PasswordPolicy) -> Rule { Rule { policy.problems(with: $0).first } }
}
