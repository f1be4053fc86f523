import MartletRouting

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Where an action is: the path of its route and a query, percent-encoded (RFC 3986).
///
///     BookController.links.show(id: 7)                     // /book/7
///     BookController.links.search(text: "a b", page: 2)    // /book/search?text=a%20b&page=2
///
/// Its text is the target of a request: interpolate it into a page, or pass it to `Redirect(to:)` and a test's client.
public struct Link: Sendable, Hashable, CustomStringConvertible, RequestTargetConvertible {
    /// The path from the root, percent-encoded.
    public let path: String
    /// What stands behind the `?`; nil without fields.
    public let query: String?

    /// The path and the query.
    public var description: String { query.map { "\(path)?\($0)" } ?? path }
    /// The link in origin-form (RFC 9112 section 3.2.1).
    public var requestTarget: String { description }

    /// Used by the code that `@Controller` writes.
    ///
    /// - Parameters:
    ///   - template: the route's, under the prefix of the controller.
    ///   - mount: where the controller is.
    ///   - values: of the path and of the query, by their names on the wire.
    public init(_ template: String, at mount: MountedPath, path values: [(String, Any?)], query: [(String, Any?)]) {
        path = Self.path(mount.path(template), values)
        let fields = query.flatMap { name, value in value.map { Self.fields(name, $0) } ?? [] }
        self.query =
            fields.isEmpty
            ? nil : fields.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }.joined(separator: "&")
    }

    private static func path(_ text: String, _ values: [(String, Any?)]) -> String {
        // The macro and the mount have read it.
        guard let template = try? PathTemplate(text) else { return text }
        func value(_ name: String) -> String? {
            values.first { PathNaming.snakeCase($0.0) == PathNaming.snakeCase(name) }?.1.map { texts(of: $0).joined() }
        }
        let segments = template.segments.compactMap { segment -> String? in
            switch segment {
            case .literal(let text): return encoded(text, isLiteral: true)
            case .parameter(let name): return encoded(value(name) ?? "")
            case .optional(let name): return value(name).map { encoded($0) }
            case .catchAll(let name):
                guard let rest = value(name), !rest.isEmpty else { return nil }
                let pieces = rest.split(separator: "/", omittingEmptySubsequences: false).map { encoded(String($0)) }
                // Behind a slash, a slash would begin the name of another host.
                return rest.hasPrefix("/")
                    ? "%2F" + pieces.dropFirst().joined(separator: "/") : pieces.joined(separator: "/")
            case .pattern(let parts):
                return parts.map { part in
                    switch part {
                    case .literal(let text): encoded(text, isLiteral: true)
                    case .parameter(let name): encoded(value(name) ?? "")
                    }
                }.joined()
            }
        }
        return "/" + segments.joined(separator: "/")
    }

    /// A value as binding reads it: a list is a field that is repeated, a struct has the fields of its members.
    private static func fields(_ name: String, _ value: Any) -> [FormFields.Field] {
        if isText(value) || value is any Collection {
            return texts(of: value).map { FormFields.Field(name: name, value: $0) }
        }
        guard let value = value as? any Encodable, let buffer = try? JSON.standard.buffer(of: value),
            let fields = try? FormFields(json: buffer)
        else { return texts(of: value).map { FormFields.Field(name: name, value: $0) } }
        return fields.fields
    }

    private static func isText(_ value: Any) -> Bool {
        value is any FieldConvertible || value is any RawRepresentable || value is any LosslessStringConvertible
    }

    private static func texts(of value: Any) -> [String] {
        switch value {
        case let text as String: [text]
        case let date as Date: [ISO8601.text(of: date)]
        case let raw as any RawRepresentable: texts(of: raw.rawValue)
        case let set as Set<AnyHashable>: set.flatMap { texts(of: $0.base) }.sorted()
        case let list as any Collection: list.flatMap { texts(of: $0) }
        default: ["\(value)"]
        }
    }

    private static func encoded(_ text: String, isLiteral: Bool = false) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "@"), UInt8(ascii: ":"), UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"),
                UInt8(ascii: "'"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"),
                UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="):
                // Of the path's own text; in a value it might mean something to who reads it.
                if isLiteral { encoded.unicodeScalars.append(Unicode.Scalar(byte)) } else { fallthrough }
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return encoded
    }
}

/// What a request can be sent to: a text, or the `Link` of an action.
public protocol RequestTargetConvertible: Sendable {
    /// A path and perhaps a query, percent-encoded.
    var requestTarget: String { get }
}

extension String: RequestTargetConvertible {
    /// The text as it is: nothing is encoded.
    public var requestTarget: String { self }
}

/// The links to a controller's actions. `@Controller` writes one for each controller, `BookController.links`.
public protocol ControllerLinks: Sendable {
    /// The links of a controller that is mounted there.
    init(at mount: MountedPath)
}

/// The links of a controller that was written without the macro: none.
public struct NoLinks: ControllerLinks {
    /// The same wherever the controller is mounted.
    public init(at mount: MountedPath) {}
}

/// Where a controller is mounted, for its links.
public struct MountedPath: Sendable {
    /// The controller's own prefix.
    let own: String
    /// What stands in its place; nil for nothing.
    let prefix: String?

    /// Used by the code that `@Controller` writes.
    public init(own: String, prefix: String? = nil) {
        self.own = own
        self.prefix = prefix
    }

    /// The path of an action there; one that is not under the controller's own prefix is left where it is.
    func path(_ path: String) -> String {
        guard let prefix else { return path }
        let own = own == "/" ? "" : own
        guard path == own || path.hasPrefix(own + "/") else { return path }
        // The author of the prefix may leave the slash out.
        let new = prefix.hasPrefix("/") ? prefix : "/\(prefix)"
        let rest = path == "/" ? "" : path.dropFirst(own.count)
        return new == "/" ? (rest.isEmpty ? "/" : String(rest)) : new + rest
    }
}
