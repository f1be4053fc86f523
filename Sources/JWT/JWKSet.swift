import JWTKit
import MartletCore

/// The keys of a JWK Set (RFC 7517 section 5).
enum JWKSet {
    /// - Throws: `StartupError` for what is no such set, has no key that checks tokens, or one that cannot be used.
    static func keys(in bytes: [UInt8]) throws -> JWTKeySet {
        guard case .array(let values) = StrictJSON(bytes)?.object?["keys"]?.value else {
            throw StartupError("it is no JWK Set: a JSON object with a list 'keys', in which no name stands twice")
        }
        let keys = try values.enumerated().compactMap { index, value in
            guard let members = value.object else { throw StartupError("its key \(index + 1) is no object") }
            do {
                return try key(JWKMembers(members: members))
            } catch let error as StartupError {
                throw StartupError("its key \(index + 1) cannot be used: \(error)")
            }
        }
        guard !keys.isEmpty else { throw StartupError("it has no key that signatures of tokens are checked with") }
        return try JWTKeySet(keys)
    }

    /// - Returns: nil for a key that is for something else, or of a kind that is not known here, as section 5 says.
    private static func key(_ jwk: JWKMembers) throws -> JWTKey? {
        guard try jwk.isForSignatures else { return nil }
        let (id, algorithm) = (try jwk.text("kid"), try jwk.text("alg"))
        switch try jwk.text("kty") {
        case "RSA":
            // Large issuers leave `alg` out, and mean this.
            guard let algorithm = JWSAlgorithm(rawValue: algorithm ?? "RS256"), case .rsa = algorithm.family else {
                return nil
            }
            let (n, e) = (try jwk.number("n"), try jwk.number("e"))
            return try JWTKey(
                algorithm, id: id,
                public: explaining("RSA of 2048 to 8192 bits") {
                    .rsa(try Insecure.RSA.PublicKey(modulus: n, exponent: e).bounded())
                })
        case "EC":
            let curve = try jwk.text("crv")
            let point = { (x: try jwk.number("x"), y: try jwk.number("y")) }
            let (curves, material): (JWSAlgorithm, () throws -> KeyMaterial)
            switch curve {
            case "P-256": (curves, material) = (.es256, { .ecdsa(try ES256PublicKey(parameters: point())) })
            case "P-384": (curves, material) = (.es384, { .ecdsa(try ES384PublicKey(parameters: point())) })
            case "P-521": (curves, material) = (.es512, { .ecdsa(try ES512PublicKey(parameters: point())) })
            default: return nil
            }
            try check(algorithm, is: curves)
            return try JWTKey(curves, id: id, public: explaining("a point of its curve", material))
        case "OKP":
            guard try jwk.text("crv") == "Ed25519" else { return nil }
            if algorithm != "Ed25519" { try check(algorithm, is: .edDSA) }
            let x = try jwk.number("x")
            return try JWTKey(
                .edDSA, id: id,
                public: explaining("a point of Ed25519") { .edDSA(try EdDSA.PublicKey(x: x, curve: .ed25519)) })
        case "oct":
            guard let algorithm = algorithm.flatMap(JWSAlgorithm.init), case .hmac = algorithm.family else {
                throw StartupError("a secret needs an 'alg': HS256, HS384 or HS512")
            }
            guard let secret = Base64URL.bytes(of: try jwk.number("k").utf8) else {
                throw StartupError("its 'k' is no base64url")
            }
            return try JWTKey(secret: secret, as: algorithm, id: id)
        case nil: throw StartupError("it has no 'kty'")
        default: return nil
        }
    }

    private static func check(_ algorithm: String?, is expected: JWSAlgorithm) throws {
        guard algorithm == nil || algorithm == expected.rawValue else {
            throw StartupError("its 'alg' is not that of its curve, \(expected.rawValue)")
        }
    }

    private static func explaining(_ what: String, _ make: () throws -> KeyMaterial) throws -> KeyMaterial {
        do {
            return try make()
        } catch let error as StartupError {
            throw error
        } catch {
            throw StartupError("it is not \(what)")
        }
    }
}

private struct JWKMembers {
    let members: [String: StrictJSON.Member]

    /// - Returns: nil where there is none.
    func text(_ name: String) throws -> String? {
        guard let value = members[name]?.value else { return nil }
        guard let text = value.text else { throw StartupError("its '\(name)' is no text") }
        return text
    }

    /// What is written in base64url, checked here since jwt-kit also takes plain base64.
    func number(_ name: String) throws -> String {
        guard let text = try text(name), !text.isEmpty, Base64URL.bytes(of: text.utf8) != nil else {
            throw StartupError("its '\(name)' is no base64url")
        }
        return text
    }

    /// RFC 7517 sections 4.2 and 4.3.
    var isForSignatures: Bool {
        get throws {
            guard try text("use") ?? "sig" == "sig" else { return false }
            guard let operations = members["key_ops"]?.value else { return true }
            guard case .array = operations, let operations = operations.texts else {
                throw StartupError("its 'key_ops' is no list of texts")
            }
            return operations.contains("verify")
        }
    }
}
