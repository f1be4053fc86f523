#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// `$name$key=value,key=value$salt$hash`, the PHC string format without a version; salt and hash in Base64 without padding.
struct PHCString {
    let name: String
    /// Between the name and the salt, as it stands there.
    let parameters: String
    let salt: [UInt8]
    let hash: [UInt8]

    /// No format has more.
    private static let maximumBytes = 512

    init(name: String, parameters: String, salt: [UInt8], hash: [UInt8]) {
        self.name = name
        self.parameters = parameters
        self.salt = salt
        self.hash = hash
    }

    /// - Throws: `PasswordError.malformedHash`.
    init(_ text: String) throws {
        let parts =
            text.utf8.count <= Self.maximumBytes
            ? text.split(separator: "$", maxSplits: 5, omittingEmptySubsequences: false) : []
        guard parts.count == 5, parts[0].isEmpty, let salt = Self.bytes(parts[3]), let hash = Self.bytes(parts[4]),
            (8...64).contains(salt.count), (16...64).contains(hash.count)
        else { throw PasswordError.malformedHash }
        self.init(name: String(parts[1]), parameters: String(parts[2]), salt: salt, hash: hash)
    }

    var text: String { "$\(name)$\(parameters)$\(Self.base64(salt))$\(Self.base64(hash))" }

    /// The numbers of these names, in this order and no others.
    ///
    /// - Throws: `PasswordError.malformedHash`.
    func numbers(_ names: String...) throws -> [Int] {
        let pairs = parameters.split(separator: ",", omittingEmptySubsequences: false)
        guard pairs.count == names.count else { throw PasswordError.malformedHash }
        return try zip(pairs, names).map { pair, name in
            guard pair.hasPrefix("\(name)="), let number = Self.number(pair.dropFirst(name.count + 1)) else {
                throw PasswordError.malformedHash
            }
            return number
        }
    }

    /// Decimal digits without a sign or a zero before them.
    static func number(_ text: Substring) -> Int? {
        guard let first = text.utf8.first, (1...10).contains(text.utf8.count),
            first != UInt8(ascii: "0") || text == "0",
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(text)
    }

    /// passlib writes `.` where Base64 has `+`.
    private static func bytes(_ text: Substring) -> [UInt8]? {
        guard !text.utf8.contains(UInt8(ascii: "=")) else { return nil }
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return Data(base64Encoded: text.replacing(".", with: "+") + padding).map { [UInt8]($0) }
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        var text = Data(bytes).base64EncodedString()
        while text.utf8.last == UInt8(ascii: "=") { text.removeLast() }
        return text
    }
}
