/// Why a password could not be hashed, or held against a hash.
public enum PasswordError: Error, Equatable, CustomStringConvertible {
    /// It is empty.
    case empty
    /// It has more than ``PasswordHasher/maxBytes`` bytes.
    case tooLong
    /// The store has a hash of a format that no verifier knows; its name.
    case unknownFormat(String)
    /// The store has a hash that cannot be read.
    case malformedHash
    /// The hash, or the cost that is asked for, takes more time or memory than one may.
    case tooCostly

    /// A sentence without the password and without the hash.
    public var description: String {
        switch self {
        case .empty: "The password is empty."
        case .tooLong: "The password has more than \(PasswordHasher.maxBytes) bytes."
        case .unknownFormat(let name): "No verifier knows password hashes of the format \(name.debugDescription)."
        case .malformedHash: "The store has a password hash that cannot be read."
        case .tooCostly: "A password hash asks for more time or memory than it may take."
        }
    }
}
