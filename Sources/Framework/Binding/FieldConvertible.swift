#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A type that one text of a path, query, form, header or cookie can be. Conform your own scalar types to bind them.
public protocol FieldConvertible: Decodable, Sendable {
    /// What a text should have been, as the error says it: "must be `expectation`".
    static var expectation: String { get }
    /// The same, where it depends on what the text is.
    static func expectation(of text: String) -> String
    /// nil for a text that is not what `expectation` says; the request is answered with 400 then.
    init?(field: String)
}

extension FieldConvertible {
    /// The same for every text.
    public static func expectation(of text: String) -> String { expectation }
}

extension String: FieldConvertible {
    /// Ends the message "must be …", for what is no text in JSON.
    public static var expectation: String { "a string" }
    /// Any text, the empty one included.
    public init?(field: String) { self = field }
}

extension Bool: FieldConvertible {
    /// Ends the message "must be …": two of the words that will do.
    public static var expectation: String { "true or false" }
    /// In any case: `on` is what a browser's checkbox sends, `True` what Python and .NET write.
    public init?(field: String) {
        switch field.lowercased() {
        case "true", "1", "on", "yes": self = true
        case "false", "0", "off", "no": self = false
        default: return nil
        }
    }
}

extension FieldConvertible where Self: FixedWidthInteger {
    /// Ends the message "must be …", for a text that is no number.
    public static var expectation: String { "a whole number" }
    /// With the range for a number out of it, unless that is all that 64 bits can hold.
    public static func expectation(of text: String) -> String {
        let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return expectation
        }
        if bitWidth < 64 { return "a whole number from \(min) to \(max)" }
        return !isSigned && text.first == "-" ? "a whole number that is not negative" : expectation
    }
    /// Decimal digits with or without a sign, within the range of the type.
    public init?(field: String) { self.init(field, radix: 10) }
}

extension FieldConvertible where Self: BinaryFloatingPoint & LosslessStringConvertible {
    /// Ends the message "must be …", for `NaN` and infinity, too.
    public static var expectation: String { "a number" }
    /// Decimal, with or without an exponent; neither hexadecimal nor `inf` nor `nan`.
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
    /// Ends the message "must be …".
    public static var expectation: String { "a UUID" }
    /// 32 hexadecimal digits of either case, in groups of 8, 4, 4, 4 and 12 with hyphens between (RFC 9562 section 4).
    public init?(field: String) { self.init(uuidString: field) }
}

extension Date: FieldConvertible {
    /// Ends the message "must be …".
    public static var expectation: String { "a date in ISO 8601" }
    /// As `2026-11-24T10:00:00Z`, with or without seconds and a fraction, in any offset; or a day alone, in UTC.
    public init?(field: String) {
        guard let date = ISO8601.date(from: field) else { return nil }
        self = date
    }
}

extension URL: FieldConvertible {
    /// Ends the message "must be …".
    public static var expectation: String { "a URL" }
    /// Absolute or relative: ask for its scheme where that matters.
    public init?(field: String) { self.init(string: field) }
}
