import MartletCore
import NIOCore

/// A file that a test uploads.
public struct TestFile: Sendable {
    let name: String
    let type: String
    let bytes: ByteBuffer

    /// - Parameters:
    ///   - name: what the client calls it.
    ///   - type: its media type.
    public init(_ name: String, type: String = "application/octet-stream", bytes: some Sequence<UInt8>) {
        self.name = name
        self.type = type
        self.bytes = ByteBuffer(bytes: bytes)
    }

    /// A file of text in UTF-8.
    public init(_ name: String, type: String = "text/plain", text: String) {
        self.init(name, type: type, bytes: text.utf8)
    }
}

/// The content of a request with its `Content-Type`.
struct TestContent: Sendable {
    /// nil to leave the type to the request's headers.
    let type: String?
    let bytes: ByteBuffer

    init(type: String?, _ bytes: ByteBuffer = ByteBuffer()) {
        self.type = type
        self.bytes = bytes
    }

    static func json(_ value: some Encodable, _ json: JSON) throws -> TestContent {
        TestContent(type: "application/json", try json.buffer(of: value))
    }

    /// As a browser does: `multipart/form-data` where there are files.
    static func form(
        _ fields: some Sequence<(key: String, value: String)>,
        _ files: some Collection<(key: String, value: TestFile)>
    ) -> TestContent {
        guard files.isEmpty else { return multipart(fields, files) }
        return TestContent(type: "application/x-www-form-urlencoded", ByteBuffer(string: query(fields)))
    }

    /// `application/x-www-form-urlencoded`, as in a query.
    static func query(_ fields: some Sequence<(key: String, value: String)>) -> String {
        fields.map { "\($0.key.percentEncoded)=\($0.value.percentEncoded)" }.joined(separator: "&")
    }

    /// RFC 7578.
    private static func multipart(
        _ fields: some Sequence<(key: String, value: String)>, _ files: some Sequence<(key: String, value: TestFile)>
    ) -> TestContent {
        let boundary = "martlet-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        var bytes = ByteBuffer()
        func begin(_ name: String, _ rest: String) {
            bytes.writeString(
                "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name.quotedInForm)\"\(rest)\r\n")
        }
        for (name, value) in fields {
            begin(name, "")
            bytes.writeString("\r\n\(value)\r\n")
        }
        for (name, file) in files {
            begin(name, "; filename=\"\(file.name.quotedInForm)\"")
            bytes.writeString("Content-Type: \(file.type)\r\n\r\n")
            bytes.writeImmutableBuffer(file.bytes)
            bytes.writeString("\r\n")
        }
        bytes.writeString("--\(boundary)--\r\n")
        return TestContent(type: "multipart/form-data; boundary=\(boundary)", bytes)
    }
}

extension String {
    /// With everything but letters and digits of ASCII as `%XX`.
    package var percentEncoded: String {
        utf8.reduce(into: "") { encoded, byte in
            let character = Character(Unicode.Scalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber || "-._~".contains(character) {
                encoded.append(character)
            } else {
                encoded += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
    }

    /// WHATWG HTML, "multipart/form-data encoding algorithm": what would end the quotes or the line is escaped.
    fileprivate var quotedInForm: String {
        unicodeScalars.reduce(into: "") { quoted, scalar in
            switch scalar {
            case "\"": quoted += "%22"
            case "\r": quoted += "%0D"
            case "\n": quoted += "%0A"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
    }
}
