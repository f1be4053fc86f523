import NIOCore

/// The text fields of a `multipart/form-data` body (RFC 7578). A file in one is refused, not dropped.
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
            // The part's end first, so that no header reaches into the next part.
            guard let end = rest.firstRange(ofLineEnd: nextDelimiter) else {
                throw malformed("its last boundary is missing")
            }
            let part = rest[..<end.lowerBound]
            guard let headerEnd = part.prefix(maximumHeaderBytes).firstRange(ofLineEnd: Array("\r\n\r\n".utf8)) else {
                throw malformed("a part's header is missing, too large or does not end")
            }
            let header = String(decoding: part[..<headerEnd.lowerBound], as: UTF8.self)
            let content = part[headerEnd.upperBound...]
            let (name, isFile) = try disposition(header)
            if isFile {
                // An input for a file that none was chosen for is sent as well.
                guard content.isEmpty else { throw fileRefused(name) }
            } else {
                guard let value = String(validating: content, as: UTF8.self) else {
                    throw malformed("the field '\(name)' is not UTF-8")
                }
                try fields.append(name, value)
            }
            rest = rest[end.upperBound...]
        }
        return fields
    }

    private static func disposition(_ header: String) throws -> (name: String, isFile: Bool) {
        for line in header.split(separator: "\r\n") {
            guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == "content-disposition" else {
                continue
            }
            let disposition = MediaType(String(line[line.index(after: colon)...]))
            guard disposition.essence == "form-data", let name = disposition["name"] else { break }
            return (name, disposition["filename"] != nil || disposition["filename*"] != nil)
        }
        throw malformed("a part has no name")
    }

    private static func fileRefused(_ name: String) -> HTTPError {
        HTTPError(
            .unsupportedMediaType, "The form has a file in '\(name)', and files cannot be taken from forms here.",
            fieldErrors: FieldErrors(name, "must not be a file"))
    }

    private static func malformed(_ reason: String) -> HTTPError {
        .badRequest("The multipart body is malformed: \(reason).")
    }
}

extension ByteBufferView {
    /// Where a line end and what must follow it stand.
    ///
    /// The standard library's search takes any collection, a call for each byte; here a body of megabytes passes.
    fileprivate func firstRange(ofLineEnd pattern: [UInt8]) -> Range<Int>? {
        let offset: Int?? = withContiguousStorageIfAvailable { bytes in
            var start = 0
            while bytes.count - start >= pattern.count {
                if bytes[start] == pattern[0], bytes[start..<(start + pattern.count)].elementsEqual(pattern) {
                    return start
                }
                start += 1
            }
            return nil
        }
        guard let offset = offset ?? nil else { return nil }
        return (startIndex + offset)..<(startIndex + offset + pattern.count)
    }

    /// Where the body's first delimiter stands: at its start, or at the start of a line.
    fileprivate func firstDelimiter(_ delimiter: [UInt8]) -> Int? {
        if starts(with: delimiter) { return startIndex }
        return firstRange(ofLineEnd: Array("\r\n".utf8) + delimiter).map { $0.lowerBound + 2 }
    }

    /// The rest of a delimiter's line: white space, then CRLF.
    fileprivate mutating func skipLineEnd() throws {
        self = drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard starts(with: "\r\n".utf8) else {
            throw HTTPError.badRequest("The multipart body is malformed: a boundary is not alone on its line.")
        }
        self = self[(startIndex + 2)...]
    }
}
