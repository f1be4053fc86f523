import Crypto
import CryptoExtras

/// Makes and reads `$scrypt$ln=17,r=8,p=1$salt$hash`.
struct ScryptVerifier: PasswordVerifier {
    /// Of the hashes that are made.
    let cost: ScryptCost
    /// The most that a hash of the store may take.
    let maxMemory: Int
    let formats: Set<String> = ["scrypt"]
    static let saltBytes = 16
    static let hashBytes = 32

    func hash(_ password: String) throws -> PasswordHash {
        let salt = Secrets.random(Self.saltBytes)
        let hash = try Self.derive(password, salt: salt, cost, count: Self.hashBytes)
        let parameters = "ln=\(cost.logN),r=\(cost.r),p=\(cost.p)"
        let phc = PHCString(
            name: "scrypt", parameters: parameters, salt: salt, hash: hash.withUnsafeBytes { Array($0) })
        return PasswordHash(rawValue: phc.text)
    }

    func isRight(_ password: String, for hash: PasswordHash) throws -> Bool {
        let phc = try PHCString(hash.rawValue)
        let cost = try cost(of: phc)
        return try Self.derive(password, salt: phc.salt, cost, count: phc.hash.count) == SymmetricKey(data: phc.hash)
    }

    /// True for a hash as this one makes them.
    func isCurrent(_ hash: PasswordHash) -> Bool {
        guard hash.format == "scrypt", let phc = try? PHCString(hash.rawValue) else { return false }
        return (try? cost(of: phc)) == cost && phc.salt.count >= Self.saltBytes && phc.hash.count >= Self.hashBytes
    }

    /// Read before anything is allocated: whoever can write to the store must not have the memory of the server.
    func cost(of phc: PHCString) throws -> ScryptCost {
        let numbers = try phc.numbers("ln", "r", "p")
        let cost = try ScryptCost(logN: numbers[0], r: numbers[1], p: numbers[2])
        guard cost.memory <= maxMemory else { throw PasswordError.tooCostly }
        return cost
    }

    private static func derive(
        _ password: String, salt: [UInt8], _ cost: ScryptCost, count: Int
    ) throws -> SymmetricKey {
        try KDF.Scrypt.deriveKey(
            from: Array(password.utf8), salt: salt, outputByteCount: count, rounds: 1 << cost.logN, blockSize: cost.r,
            parallelism: cost.p)
    }
}
