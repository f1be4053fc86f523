import JWTKit
import Synchronization

/// What signs and checks with a key. jwt-kit makes it in an actor: so the first token waits for that, and all others for
/// nothing.
final class TokenSigner: Sendable {
    private let name: JWSAlgorithm
    private let material: KeyMaterial
    private let made = Mutex<(any JWTAlgorithm)?>(nil)

    init(_ name: JWSAlgorithm, _ material: KeyMaterial) {
        self.name = name
        self.material = material
    }

    /// nil before `load`.
    var algorithm: (any JWTAlgorithm)? { made.withLock { $0 } }

    func load() async throws -> any JWTAlgorithm {
        if let algorithm { return algorithm }
        let keys = JWTKeyCollection()
        switch material {
        case .hmac(let key): await keys.add(hmac: key, digestAlgorithm: name.digest)
        case .rsa(let key):
            switch name {
            case .ps256, .ps384, .ps512: await Self.add(pss: key, name.digest, to: keys)
            default: await Self.add(rsa: key, name.digest, to: keys)
            }
        case .ecdsa(let key): await Self.add(ecdsa: key, to: keys)
        case .edDSA(let key): await Self.add(edDSA: key, to: keys)
        }
        let algorithm = try await keys.getKey()
        made.withLock { $0 = algorithm }
        return algorithm
    }

    private static func add(rsa key: some RSAKey, _ digest: DigestAlgorithm, to keys: JWTKeyCollection) async {
        await keys.add(rsa: key, digestAlgorithm: digest)
    }
    private static func add(pss key: some RSAKey, _ digest: DigestAlgorithm, to keys: JWTKeyCollection) async {
        await keys.add(pss: key, digestAlgorithm: digest)
    }
    private static func add(ecdsa key: some ECDSAKey, to keys: JWTKeyCollection) async { await keys.add(ecdsa: key) }
    private static func add(edDSA key: some EdDSAKey, to keys: JWTKeyCollection) async { await keys.add(eddsa: key) }
}

extension JWSAlgorithm {
    /// What is hashed with; of no meaning for EdDSA.
    fileprivate var digest: DigestAlgorithm {
        switch self {
        case .hs256, .rs256, .ps256, .es256, .edDSA: .sha256
        case .hs384, .rs384, .ps384, .es384: .sha384
        case .hs512, .rs512, .ps512, .es512: .sha512
        }
    }
}
