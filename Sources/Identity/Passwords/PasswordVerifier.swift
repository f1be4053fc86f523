/// Holds passwords against hashes of another format, so that an app can take over the users of another system: bcrypt,
/// argon2. The first right password then has the hash made anew in scrypt (``PasswordHasher/Verification``).
public protocol PasswordVerifier: Sendable {
    /// The names of its formats, as ``PasswordHash/format`` has them: `["2a", "2b", "2y"]`.
    var formats: Set<String> { get }

    /// True for the right password. Called on a thread of the hasher's, where it may take its time; compares in constant
    /// time, and looks at the parameters before it does what they say.
    ///
    /// - Throws: ``PasswordError`` for a hash that cannot be read, or that costs too much.
    func isRight(_ password: String, for hash: PasswordHash) throws -> Bool
}
