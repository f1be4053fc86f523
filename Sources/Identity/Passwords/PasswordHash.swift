/// A password's hash as a store keeps it: a text that begins with `$` and the name of its format, as in the PHC string format
/// (`$scrypt$ln=17,r=8,p=1$salt$hash`) or in that of crypt(3) (`$2b$12$…`).
///
/// It is encoded as that text. Where it is printed, it shows no more than its format.
public struct PasswordHash: RawRepresentable, Sendable, Hashable, Codable {
    /// The whole text, for the store.
    public let rawValue: String

    /// The text of a store. Whether it can be read is seen where a password is held against it.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The name of the format, `scrypt`; empty where the text has none.
    public var format: String {
        guard rawValue.utf8.first == UInt8(ascii: "$") else { return "" }
        // Whoever wrote the store may have written anything: a name has 32 characters at most.
        return String(rawValue.dropFirst().prefix { $0 != "$" }.prefix(32))
    }
}

extension PasswordHash: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `$scrypt$…`
    public var description: String { "$\(format)$…" }
    /// The same: a hash has no business in a log.
    public var debugDescription: String { description }
    /// Nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
