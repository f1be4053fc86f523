import JWTKit
import MartletCore

/// A key as jwt-kit has it.
enum KeyMaterial: Sendable {
    case hmac(HMACKey)
    case rsa(any RSAKey)
    case ecdsa(any ECDSAKey)
    case edDSA(any EdDSAKey)

    static func `public`(_ pem: String, for algorithm: JWSAlgorithm) throws -> KeyMaterial {
        try read("public", algorithm) {
            switch algorithm {
            case .hs256, .hs384, .hs512: nil
            case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: .rsa(try Insecure.RSA.PublicKey(pem: pem).bounded())
            case .es256: .ecdsa(try ES256PublicKey(pem: pem))
            case .es384: .ecdsa(try ES384PublicKey(pem: pem))
            case .es512: .ecdsa(try ES512PublicKey(pem: pem))
            case .edDSA: .edDSA(try EdDSA.PublicKey(pem: pem))
            }
        }
    }

    static func `private`(_ pem: String, for algorithm: JWSAlgorithm) throws -> KeyMaterial {
        try read("private", algorithm) {
            switch algorithm {
            case .hs256, .hs384, .hs512: nil
            case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512:
                .rsa(try Insecure.RSA.PrivateKey(pem: pem).bounded())
            case .es256: .ecdsa(try ES256PrivateKey(pem: pem))
            case .es384: .ecdsa(try ES384PrivateKey(pem: pem))
            case .es512: .ecdsa(try ES512PrivateKey(pem: pem))
            case .edDSA: .edDSA(try EdDSA.PrivateKey(pem: pem))
            }
        }
    }

    private static func read(
        _ kind: String, _ algorithm: JWSAlgorithm, _ make: () throws -> KeyMaterial?
    ) throws -> KeyMaterial {
        let name = algorithm.rawValue
        do {
            if let material = try make() { return material }
        } catch let error as StartupError {
            throw error
        } catch {
            // What the parsers say may repeat what they were given.
            throw StartupError("This is no \(kind) key for \(name): it takes \(algorithm.keyDescription), in PEM.")
        }
        throw StartupError("\(name) takes a secret, and no \(kind) key.")
    }
}

extension JWSAlgorithm {
    fileprivate var keyDescription: String {
        switch self {
        case .hs256, .hs384, .hs512: "a secret"
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: "one of RSA with 2048 to 8192 bits"
        case .es256: "one of P-256"
        case .es384: "one of P-384"
        case .es512: "one of P-521"
        case .edDSA: "one of Ed25519"
        }
    }
}

extension Insecure.RSA.PublicKey {
    /// jwt-kit refuses what is below 2048 bits. A signature of a huge one would take its time on the event loop.
    func bounded() throws -> Self {
        let modulus = try getKeyPrimitives().modulus
        guard modulus.count <= 1024 else { throw StartupError("A key of RSA has 8192 bits at most.") }
        return self
    }
}

extension Insecure.RSA.PrivateKey {
    fileprivate func bounded() throws -> Self {
        _ = try publicKey.bounded()
        return self
    }
}
