/// A response as it was on the wire.
package struct RawResponse: Sendable, CustomStringConvertible {
    package var statusLine = ""
    package var status = 0
    package var fields: [(name: String, value: String)] = []
    package var body: [UInt8] = []
    /// The sizes of the chunks, where the body came in such.
    package var chunks: [Int] = []

    package var text: String { String(decoding: body, as: UTF8.self) }

    /// The values of all fields of that name.
    package subscript(name: String) -> String? {
        let values = fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    package var description: String { "\(statusLine) \(fields) \(text.prefix(200))" }
}

/// The connection did not carry what HTTP/1.1 says it must.
package struct UnexpectedBytes: Error, CustomStringConvertible {
    package let description: String
    package init(_ problem: String, after bytes: [UInt8]) {
        description = "\(problem), after \(String(decoding: bytes.suffix(400), as: UTF8.self).debugDescription)"
    }
}

/// Reads one response as its bytes come, and takes nothing that RFC 9112 does not allow a server to send.
package struct ResponseReader {
    /// What reading has come to.
    private enum Stage {
        case statusLine, fields
        case sized(Int)
        case chunkSize, chunk(Int), chunkEnd
        case untilClosed
        case whole
    }
    private let isHead: Bool
    private var stage = Stage.statusLine
    private var hasEnded = false
    /// The response as far as it has come; its body is what was not taken.
    private var response = RawResponse()
    /// What is behind the response, or not understood yet.
    package private(set) var rest: [UInt8] = []

    package init(isHead: Bool) { self.isHead = isHead }

    /// Takes the next bytes.
    ///
    /// - Parameter bytes: nil at the end of the connection.
    /// - Returns: the response when it is whole.
    /// - Throws: `UnexpectedBytes`.
    package mutating func feed(_ bytes: [UInt8]?) throws -> RawResponse? {
        if let bytes { rest += bytes } else { hasEnded = true }
        while try step() {}
        if case .whole = stage { return response }
        if hasEnded { throw UnexpectedBytes("the response is not whole", after: rest) }
        return nil
    }

    /// The response without its body, once that much has come.
    package var head: RawResponse? {
        switch stage {
        case .statusLine, .fields: return nil
        default:
            var head = response
            head.body = []
            return head
        }
    }

    /// The bytes of the body that have come since they were last taken.
    package mutating func takeBody() -> [UInt8] {
        defer { response.body = [] }
        return response.body
    }

    /// - Returns: false when it takes more bytes to go on.
    private mutating func step() throws -> Bool {
        switch stage {
        case .statusLine:
            guard let line = line() else { return false }
            let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0] == "HTTP/1.1", parts[1].count == 3, let status = Int(parts[1]) else {
                throw UnexpectedBytes("no status line: \(line)", after: rest)
            }
            (response.statusLine, response.status, stage) = (line, status, .fields)
        case .fields:
            guard let line = line() else { return false }
            guard !line.isEmpty else {
                stage = try framing()
                return true
            }
            guard let colon = line.firstIndex(of: ":") else { throw UnexpectedBytes("no field: \(line)", after: rest) }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            response.fields.append((String(line[..<colon]), String(value)))
        case .sized(let count):
            guard let left = take(count) else { return false }
            stage = left == 0 ? .whole : .sized(left)
        case .chunkSize:
            guard let line = line() else { return false }
            guard let size = Int(line, radix: 16) else { throw UnexpectedBytes("no size: \(line)", after: rest) }
            if size > 0 { response.chunks.append(size) }
            stage = .chunk(size)
        case .chunk(0):
            guard let line = line() else { return false }
            guard line.isEmpty else { throw UnexpectedBytes("trailers", after: rest) }
            stage = .whole
        case .chunk(let count):
            guard let left = take(count) else { return false }
            stage = left == 0 ? .chunkEnd : .chunk(left)
        case .chunkEnd:
            guard let line = line() else { return false }
            guard line.isEmpty else { throw UnexpectedBytes("a chunk's end", after: rest) }
            stage = .chunkSize
        case .untilClosed:
            _ = take(rest.count)
            guard hasEnded else { return false }
            stage = .whole
        case .whole:
            return false
        }
        return true
    }

    private func framing() throws -> Stage {
        if isHead || response.status < 200 || response.status == 204 || response.status == 304 { return .whole }
        if let coding = response["Transfer-Encoding"] {
            guard coding == "chunked", response["Content-Length"] == nil else {
                throw UnexpectedBytes("two framings: \(response)", after: rest)
            }
            return .chunkSize
        }
        guard let text = response["Content-Length"] else { return .untilClosed }
        guard let length = Int(text), length >= 0 else { throw UnexpectedBytes("length \(text)", after: rest) }
        return length == 0 ? .whole : .sized(length)
    }

    private mutating func line() -> String? {
        guard let end = rest.firstRange(of: [13, 10]) else { return nil }
        defer { rest.removeSubrange(..<end.upperBound) }
        return String(decoding: rest[..<end.lowerBound], as: UTF8.self)
    }

    /// Moves what has come to the body, at most `count` bytes.
    ///
    /// - Returns: how many are still to come, nil where none came.
    private mutating func take(_ count: Int) -> Int? {
        guard !rest.isEmpty, count > 0 else { return nil }
        let taken = min(count, rest.count)
        response.body += rest[..<taken]
        rest.removeSubrange(..<taken)
        return count - taken
    }
}
