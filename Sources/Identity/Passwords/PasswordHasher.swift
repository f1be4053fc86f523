import MartletCore

/// Makes passwords into hashes that a store may keep, and holds passwords against them: scrypt (RFC 7914), on threads of its
/// own.
///
///     app.services.add(PasswordHasher())
///
/// A hash is meant to be slow and to need much memory: with the standard cost some tenths of a second and 128 MiB. So that
/// many sign-ins at once take neither the memory nor the event loops, `parallelism` are done at a time, `maxWaiting` wait,
/// and beyond that an `HTTPError` 503 with `Retry-After` is thrown. A task that is cancelled leaves the queue.
///
/// A password is hashed as it came, byte for byte: nothing is cut off, and no letter changed.
public final class PasswordHasher: Sendable {
    /// What came of holding a password against a hash.
    public enum Verification: Sendable, Hashable {
        /// It is another password.
        case wrong
        /// It is the right one.
        case right
        /// It is the right one, and the hash is of another cost or format than are made now: have `hash` make a new one of
        /// the password, and store that.
        case rightNeedsRehash

        /// True for the right password.
        public var isRight: Bool { self != .wrong }
    }

    /// The most bytes of UTF-8 that a password may have: 64 characters, whatever they are.
    public static let maxBytes = 4096

    private let scrypt: ScryptVerifier
    private let verifiers: [any PasswordVerifier]
    let pool: HashingPool

    /// - Parameters:
    ///   - cost: of the hashes that are made. `.fast` is for tests.
    ///   - maxCost: of the hashes that the store may have, where that is more than `cost` and `.standard`: what takes more
    ///     memory is refused.
    ///   - parallelism: how many hashes are made at a time, each on a thread of its own and with the memory of its cost.
    ///   - maxWaiting: how many wait for their turn at most.
    ///   - verifiers: for hashes of other formats that the store has.
    public init(
        cost: ScryptCost = .standard, maxCost: ScryptCost? = nil, parallelism: Int = 2, maxWaiting: Int = 64,
        verifiers: [any PasswordVerifier] = [PBKDF2Verifier()]
    ) {
        let maxMemory = max(cost.memory, ScryptCost.standard.memory, maxCost?.memory ?? 0)
        scrypt = ScryptVerifier(cost: cost, maxMemory: maxMemory)
        self.verifiers = verifiers
        pool = HashingPool(parallelism: parallelism, maxWaiting: maxWaiting)
    }

    /// A new hash of a password, with a salt of its own.
    ///
    /// - Throws: ``PasswordError/empty`` or ``PasswordError/tooLong``, which a ``PasswordPolicy`` finds before; `HTTPError`
    ///   503 where too many wait.
    public func hash(_ password: String) async throws -> PasswordHash {
        if password.isEmpty { throw PasswordError.empty }
        guard Self.isHashable(password) else { throw PasswordError.tooLong }
        return try await pool.run { [scrypt] in try scrypt.hash(password) }
    }

    /// Holds a password against a hash from the store, in constant time.
    ///
    /// - Parameter hash: nil for a user that nobody is. That takes as long as a hash that is made now, and comes to `.wrong`:
    ///   the time of a sign-in does not tell who is a user.
    /// - Throws: ``PasswordError`` for a hash that cannot be read, that no verifier knows, or that costs too much;
    ///   `HTTPError` 503 where too many wait.
    public func verify(_ password: String, against hash: PasswordHash?) async throws -> Verification {
        // No hash is of such a password, be the user known or not.
        guard Self.isHashable(password) else { return .wrong }
        guard let hash else {
            _ = try await pool.run { [scrypt] in try scrypt.hash(password) }
            return .wrong
        }
        let format = hash.format
        guard let verifier = ([scrypt] + verifiers).first(where: { $0.formats.contains(format) }) else {
            throw PasswordError.unknownFormat(format)
        }
        let isRight = try await pool.run { try verifier.isRight(password, for: hash) }
        guard isRight else { return .wrong }
        return scrypt.isCurrent(hash) ? .right : .rightNeedsRehash
    }

    private static func isHashable(_ password: String) -> Bool { (1...maxBytes).contains(password.utf8.count) }
}
