/// What one scrypt hash costs (RFC 7914 section 2).
public struct ScryptCost: Sendable, Hashable {
    /// The logarithm to the base 2 of the cost N: one more doubles time and memory.
    public let logN: Int
    /// The block size r: 128 · N · r bytes of memory.
    public let r: Int
    /// The parallelisation p, which takes so many times as long.
    public let p: Int

    /// N=2^17, r=8, p=1, as OWASP advises: 128 MiB and some tenths of a second.
    public static let standard = ScryptCost(unchecked: 17, r: 8, p: 1)
    /// For tests alone: worth nothing, and done in no time.
    public static let fast = ScryptCost(unchecked: 4, r: 8, p: 1)

    /// - Throws: ``PasswordError/tooCostly`` for what scrypt does not allow, or what takes more than 8 times the memory or
    ///   the time of `standard`.
    public init(logN: Int, r: Int = 8, p: Int = 1) throws {
        // Each by itself first, so that no product overflows. The library has no memory for an r above 16.
        guard (1...20).contains(logN), (1...16).contains(r), (1...16).contains(p), logN < 16 * r else {
            throw PasswordError.tooCostly
        }
        self.init(unchecked: logN, r: r, p: p)
        guard work <= 8 * Self.standard.work else { throw PasswordError.tooCostly }
    }

    private init(unchecked logN: Int, r: Int, p: Int) {
        self.logN = logN
        self.r = r
        self.p = p
    }

    /// Bytes for one hash.
    public var memory: Int { 128 * r * (1 << logN) }
    /// In proportion to the time.
    var work: Int { memory * p }
}
