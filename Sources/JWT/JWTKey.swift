import JWTKit
import MartletCore

/// A key of tokens, with the one algorithm that it takes: a token that names another is refused, so that nobody signs with a
/// public key as if it were a secret.
public struct JWTKey: Sendable {
    /// The only one that tokens may be signed with.
    public let algorithm: JWSAlgorithm
    /// What tokens call it in `kid`.
    public let id: String?
    /// False for a public key, which only checks.
    let canSign: Bool
    let signer: TokenSigner

    private init(_ algorithm: JWSAlgorithm, id: String?, canSign: Bool, _ material: KeyMaterial) throws {
        guard id.map({ (1...256).contains($0.utf8.count) }) ?? true else {
            throw StartupError("The id of a key of tokens has 1 to 256 bytes, unlike '\(id?.prefix(40) ?? "")…'.")
        }
        self.algorithm = algorithm
        self.id = id
        self.canSign = canSign
        signer = TokenSigner(algorithm, material)
    }

    /// A secret that whoever makes tokens shares with whoever checks them.
    ///
    /// - Parameters:
    ///   - secret: random bytes, as many as the algorithm's hash has: 32, 48 or 64.
    ///   - algorithm: one of HMAC.
    /// - Throws: `StartupError` for a secret that is too short, or is a public key's text.
    public init(secret: some Sequence<UInt8>, as algorithm: JWSAlgorithm = .hs256, id: String? = nil) throws {
        let secret = Array(secret)
        guard case .hmac(let bytes) = algorithm.family else {
            throw StartupError("\(algorithm.rawValue) takes no secret: give it a key in PEM.")
        }
        guard secret.count >= bytes else {
            throw StartupError(
                "A secret for \(algorithm.rawValue) needs \(bytes) random bytes, and this has \(secret.count).")
        }
        guard !secret.starts(with: "-----BEGIN".utf8) else {
            throw StartupError("A key in PEM is no secret for \(algorithm.rawValue): everybody may know it.")
        }
        try self.init(algorithm, id: id, canSign: true, .hmac(HMACKey(from: secret)))
    }

    /// The same with the bytes of a text.
    public init(secret: String, as algorithm: JWSAlgorithm = .hs256, id: String? = nil) throws {
        try self.init(secret: secret.utf8, as: algorithm, id: id)
    }

    /// A public key, which checks tokens and makes none.
    ///
    /// - Parameters:
    ///   - publicKey: in PEM.
    ///   - algorithm: the one that it takes.
    /// - Throws: `StartupError` for what is no such key, and for RSA below 2048 bits.
    public init(publicKey: String, as algorithm: JWSAlgorithm, id: String? = nil) throws {
        try self.init(algorithm, id: id, canSign: false, .public(publicKey, for: algorithm))
    }

    /// A private key, which makes tokens and checks them.
    ///
    /// - Parameters:
    ///   - privateKey: in PEM.
    ///   - algorithm: the one that it takes.
    /// - Throws: `StartupError` for what is no such key, and for RSA below 2048 bits.
    public init(privateKey: String, as algorithm: JWSAlgorithm, id: String? = nil) throws {
        try self.init(algorithm, id: id, canSign: true, .private(privateKey, for: algorithm))
    }

    /// A secret that nobody keeps, for tests and development: its tokens are worth nothing after the process has ended.
    public static func temporary(id: String? = nil) -> JWTKey {
        var generator = SystemRandomNumberGenerator()
        let secret = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return JWTKey(
            algorithm: .hs256, id: id, canSign: true, signer: TokenSigner(.hs256, .hmac(HMACKey(from: secret))))
    }

    private init(algorithm: JWSAlgorithm, id: String?, canSign: Bool, signer: TokenSigner) {
        self.algorithm = algorithm
        self.id = id
        self.canSign = canSign
        self.signer = signer
    }

    /// One of a key set.
    init(_ algorithm: JWSAlgorithm, id: String?, public material: KeyMaterial) throws {
        try self.init(algorithm, id: id, canSign: false, material)
    }
}

extension JWTKey: CustomStringConvertible, CustomReflectable {
    /// The algorithm and the id: no log has a secret.
    public var description: String { "JWTKey(\(algorithm.rawValue)\(id.map { ", \($0)" } ?? ""))" }
    /// Nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
