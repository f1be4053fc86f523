import NIOCore

/// WHATWG URL, section 5.2 "application/x-www-form-urlencoded serializing".
enum FormEncoding {
    static func string(of fields: KeyValuePairs<String, String>) -> String {
        fields.map { "\(escaped($0))=\(escaped($1))" }.joined(separator: "&")
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "*"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: " "):
                escaped.append("+")
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += byte < 16 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return escaped
    }
}

/// Fields and files as a form sends them, RFC 7578.
public struct MultipartBody: Sendable {
    private let boundary: String
    private var parts = ByteBuffer()

    /// No parts yet, and a boundary drawn at random.
    public init() {
        var random = SystemRandomNumberGenerator()
        boundary = "martlet-" + String(random.next(), radix: 36) + String(random.next(), radix: 36)
    }

    /// Adds a field of text, in UTF-8, behind what was added before. A name may come more than once.
    public mutating func add(_ name: String, _ value: String) {
        writeHead(of: name, "")
        parts.writeString("\r\n\(value)\r\n")
    }

    /// - Parameter type: the file's media type.
    public mutating func add(
        _ name: String, file: ByteBuffer, named fileName: String, type: String = "application/octet-stream"
    ) {
        writeHead(of: name, "; filename=\"\(Self.quoted(fileName))\"")
        parts.writeString("Content-Type: \(type.filter { !$0.isNewline })\r\n\r\n")
        parts.writeImmutableBuffer(file)
        parts.writeString("\r\n")
    }

    var type: String { "multipart/form-data; boundary=\(boundary)" }

    var bytes: ByteBuffer {
        var whole = parts
        whole.writeString("--\(boundary)--\r\n")
        return whole
    }

    private mutating func writeHead(of name: String, _ rest: String) {
        parts.writeString("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(Self.quoted(name))\"\(rest)\r\n")
    }

    /// WHATWG HTML, "multipart/form-data encoding algorithm": what would end the quotes or the line is escaped.
    private static func quoted(_ text: String) -> String {
        var quoted = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "%22"
            case "\r": quoted += "%0D"
            case "\n": quoted += "%0A"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted
    }
}
