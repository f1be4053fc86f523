import MartletCore

/// The keys of which one has signed a token.
///
/// A token with a `kid` is for the key of that id, and for no other. One without is for the only key there is, or for the only
/// one without an id that takes its algorithm.
public struct JWTKeySet: Sendable {
    let keys: [JWTKey]

    /// - Throws: `StartupError` where two have the same id, or none and the same algorithm: nothing tells them apart.
    public init(_ keys: [JWTKey]) throws {
        guard !keys.isEmpty else { throw StartupError("Tokens need a key.") }
        for (index, key) in keys.enumerated() {
            guard keys[..<index].contains(where: { $0.isMistakable(for: key) }) else { continue }
            throw StartupError(
                key.id.map { "Two keys of tokens have the id '\($0)'." }
                    ?? "Two keys of tokens are for \(key.algorithm.rawValue) and have no id, by which tokens name them."
            )
        }
        self.keys = keys
    }

    /// - Throws: as for a list of them.
    public init(_ keys: JWTKey...) throws { try self.init(keys) }

    init(only key: JWTKey) { keys = [key] }

    /// The key that a token names, if it is for the token's algorithm.
    func key(for header: TokenHeader) throws(TokenRefusal) -> JWTKey {
        let key =
            if let id = header.keyID {
                keys.first { $0.id.map { $0.isSame(as: id) } ?? false }
            } else if keys.count == 1 {
                keys[0]
            } else {
                keys.first { $0.id == nil && $0.algorithm.rawValue.isSame(as: header.algorithm) }
            }
        guard let key else { throw TokenRefusal("Its key is not known.") }
        guard key.algorithm.rawValue.isSame(as: header.algorithm) else {
            throw TokenRefusal("Its key does not take its algorithm.")
        }
        return key
    }
}

extension JWTKey {
    fileprivate func isMistakable(for other: JWTKey) -> Bool {
        if let id, let other = other.id {
            id.isSame(as: other)
        } else {
            id == nil && other.id == nil && algorithm == other.algorithm
        }
    }
}

extension String {
    /// Byte by byte (RFC 7515 section 2): `==` also takes other ways to write the same characters.
    func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

/// Where the keys of tokens come from: a ``JWTKey``, a ``JWTKeySet``, a ``JWKSFile``, or a type of your own.
public protocol JWTKeySource: Sendable {
    /// The keys that count now. Asked with each token, so it must not wait.
    var keySet: JWTKeySet { get }

    /// Looks for other keys, where it is time to.
    ///
    /// - Returns: what the request waits for before it goes on; nil where there is nothing to do, which must be the rule.
    func refresh(_ ctx: Context) -> (@Sendable () async -> Void)?
}

extension JWTKeySource {
    /// Nothing to do.
    public func refresh(_ ctx: Context) -> (@Sendable () async -> Void)? { nil }
}

extension JWTKeySet: JWTKeySource {
    /// Itself.
    public var keySet: JWTKeySet { self }
}

extension JWTKey: JWTKeySource {
    /// This key alone.
    public var keySet: JWTKeySet { JWTKeySet(only: self) }
}
