#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A type that one text of a path, query, form, header or cookie can be. Conform your own scalar types to bind them.
public protocol FieldConvertible: Decodable, Sendable {
    /// What a text should have been, as the error says it: "must be `expectation`".
    static var expectation: String { get }
    init?(field: String)
}

extension String: FieldConvertible {
    public static var expectation: String { "a string" }
    public init?(field: String) { self = field }
}

extension Bool: FieldConvertible {
    public static var expectation: String { "true or false" }
    /// `on` is what a browser's checkbox sends.
    public init?(field: String) {
        switch field {
        case "true", "1", "on": self = true
        case "false", "0", "off": self = false
        default: return nil
        }
    }
}

extension FieldConvertible where Self: FixedWidthInteger {
    public static var expectation: String { "an integer from \(Self.min) to \(Self.max)" }
    public init?(field: String) { self.init(field, radix: 10) }
}

extension FieldConvertible where Self: BinaryFloatingPoint & LosslessStringConvertible {
    public static var expectation: String { "a number" }
    public init?(field: String) {
        // Swift reads hexadecimal as well, which nobody types.
        guard !field.utf8.contains(UInt8(ascii: "x")), let value = Self(field), value.isFinite else { return nil }
        self = value
    }
}

extension Int: FieldConvertible {}
extension Int8: FieldConvertible {}
extension Int16: FieldConvertible {}
extension Int32: FieldConvertible {}
extension Int64: FieldConvertible {}
extension UInt: FieldConvertible {}
extension UInt8: FieldConvertible {}
extension UInt16: FieldConvertible {}
extension UInt32: FieldConvertible {}
extension UInt64: FieldConvertible {}
extension Double: FieldConvertible {}
extension Float: FieldConvertible {}

extension UUID: FieldConvertible {
    public static var expectation: String { "a UUID" }
    public init?(field: String) { self.init(uuidString: field) }
}

extension Date: FieldConvertible {
    public static var expectation: String { "a date in ISO 8601" }
    public init?(field: String) {
        guard let date = ISO8601.date(from: field) else { return nil }
        self = date
    }
}

extension URL: FieldConvertible {
    public static var expectation: String { "a URL" }
    public init?(field: String) { self.init(string: field) }
}
