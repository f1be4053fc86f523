import NIOCore

/// The text fields of a `multipart/form-data` body (RFC 7578).
enum MultipartForm {
    /// The most bytes of one part's header fields.
    static let maximumHeaderBytes = 8192

    /// - Throws: `HTTPError` 400 for a body that does not follow the format.
    static func textFields(_ body: ByteBuffer, boundary: String) throws -> FormFields {
        // RFC 2046 section 5.1.1: 1 to 70 characters.
        guard (1...70).contains(boundary.utf8.count) else { throw malformed("its boundary is empty or too long") }
        var fields = FormFields()
        var rest = body.readableBytesView
        let delimiter = Array("--\(boundary)".utf8)
        // A preamble is allowed, and ignored.
        guard let first = rest.firstDelimiter(delimiter) else { throw malformed("it does not have its boundary") }
        rest = rest[(first + delimiter.count)...]
        let nextDelimiter = Array("\r\n".utf8) + delimiter
        while !rest.starts(with: "--".utf8) {
            try rest.skipLineEnd()
            guard let headerEnd = rest.prefix(maximumHeaderBytes).firstRange(of: Array("\r\n\r\n".utf8)) else {
                throw malformed("a part's header does not end")
            }
            let header = String(decoding: rest[..<headerEnd.lowerBound], as: UTF8.self)
            rest = rest[headerEnd.upperBound...]
            guard let end = rest.firstRange(of: nextDelimiter) else { throw malformed("its last boundary is missing") }
            if let name = try textFieldName(header) {
                guard let value = String(validating: rest[..<end.lowerBound], as: UTF8.self) else {
                    throw malformed("the field '\(name)' is not UTF-8")
                }
                try fields.append(name, value)
            }
            rest = rest[end.upperBound...]
        }
        return fields
    }

    /// The field's name, nil for a file.
    private static func textFieldName(_ header: String) throws -> String? {
        for line in header.split(separator: "\r\n") {
            guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == "content-disposition" else {
                continue
            }
            let disposition = MediaType(String(line[line.index(after: colon)...]))
            guard disposition.essence == "form-data", let name = disposition["name"] else { break }
            return disposition["filename"] == nil && disposition["filename*"] == nil ? name : nil
        }
        throw malformed("a part has no name")
    }

    private static func malformed(_ reason: String) -> HTTPError {
        .badRequest("The multipart body is malformed: \(reason).")
    }
}

extension ByteBufferView {
    /// Where the body's first delimiter stands: at its start, or at the start of a line.
    fileprivate func firstDelimiter(_ delimiter: [UInt8]) -> Int? {
        if starts(with: delimiter) { return startIndex }
        return firstRange(of: Array("\r\n".utf8) + delimiter).map { $0.lowerBound + 2 }
    }

    /// The rest of a delimiter's line: white space, then CRLF.
    fileprivate mutating func skipLineEnd() throws {
        self = drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard starts(with: "\r\n".utf8) else {
            throw HTTPError.badRequest("The multipart body is malformed: a boundary is not alone on its line.")
        }
        // A part may have no header at all, so its blank line may follow at once: keep one CRLF before it in reach.
        self = self[(startIndex + 2)...]
    }
}
