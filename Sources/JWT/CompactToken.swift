/// Why a token is refused: a sentence for the challenge and the log.
struct TokenRefusal: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

/// What is read of a token's header. All else is refused or of no meaning here.
struct TokenHeader: Sendable {
    let algorithm: String
    let keyID: String?
    let type: String?

    private static let maximumBytes = 2048
    private static let maximumKeyIDBytes = 256
    /// A key that comes with the token, or a place to fetch one from, proves nothing. What changes how the rest is read is not
    /// known here: extensions (RFC 7515 section 4.1.11), compression, encryption, a token in the token.
    private static let refused = ["jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc", "cty"]

    init(_ bytes: [UInt8]) throws(TokenRefusal) {
        guard bytes.count <= Self.maximumBytes, let members = StrictJSON(bytes)?.object,
            let algorithm = members["alg"]?.value.text
        else { throw TokenRefusal("Its header is malformed.") }
        if let name = Self.refused.first(where: { members[$0] != nil }) {
            throw TokenRefusal("Its header has '\(name)', which is not taken.")
        }
        if let id = members["kid"]?.value {
            guard let id = id.text, (1...Self.maximumKeyIDBytes).contains(id.utf8.count) else {
                throw TokenRefusal("Its key is not known.")
            }
            keyID = id
        } else {
            keyID = nil
        }
        if let type = members["typ"]?.value {
            guard let type = type.text else { throw TokenRefusal("Its header is malformed.") }
            self.type = type
        } else {
            type = nil
        }
        self.algorithm = algorithm
    }

    /// Whether `typ` is a type, without its `application/` (RFC 7515 section 4.1.9).
    func isOf(type wanted: String) -> Bool {
        guard let type = type?.lowercased() else { return false }
        let wanted = wanted.lowercased()
        return type.isSame(as: wanted) || type.isSame(as: "application/\(wanted)")
    }
}

/// A token in the compact form of RFC 7515 section 3.1, of which nothing is proved yet.
struct CompactToken: Sendable {
    let header: TokenHeader
    let payload: [UInt8]
    let signature: [UInt8]
    /// The bytes that are signed.
    let signed: [UInt8]

    init(_ text: String) throws(TokenRefusal) {
        let bytes = Array(text.utf8)
        // One more than there may be, so that none ends in the last part.
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else { throw TokenRefusal("It is malformed.") }
        guard let header = Base64URL.bytes(of: parts[0]), let payload = Base64URL.bytes(of: parts[1]),
            let signature = Base64URL.bytes(of: parts[2])
        else { throw TokenRefusal("It is malformed.") }
        self.header = try TokenHeader(header)
        self.payload = payload
        self.signature = signature
        signed = Array(bytes[..<parts[1].endIndex])
    }
}
