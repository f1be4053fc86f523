/// A response as it was on the wire.
struct RawResponse: Sendable, CustomStringConvertible {
    var statusLine = ""
    var status = 0
    var fields: [(name: String, value: String)] = []
    var body: [UInt8] = []
    /// The sizes of the chunks, where the body came in such.
    var chunks: [Int] = []

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The values of all fields of that name.
    subscript(name: String) -> String? {
        let values = fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    var description: String { "\(statusLine) \(fields) \(text.prefix(200))" }
}

/// The connection did not carry what HTTP/1.1 says it must.
struct UnexpectedBytes: Error, CustomStringConvertible {
    let description: String
    init(_ problem: String, after bytes: [UInt8]) {
        description = "\(problem), after \(String(decoding: bytes.suffix(400), as: UTF8.self).debugDescription)"
    }
}

/// Reads one response, and takes nothing that RFC 9112 does not allow a server to send.
struct ResponseReader {
    let isHead: Bool
    /// What is behind the response.
    private(set) var rest: [UInt8] = []
    private var hasEnded = false
    /// So many bytes must have come before reading on makes sense.
    private var wanted = 0

    init(isHead: Bool) { self.isHead = isHead }

    /// - Parameter bytes: nil at the end of the connection.
    /// - Returns: the response when it is whole.
    mutating func feed(_ bytes: [UInt8]?) throws -> RawResponse? {
        if let bytes { rest += bytes } else { hasEnded = true }
        guard hasEnded || rest.count >= wanted else { return nil }
        let all = rest
        do {
            return try read()
        } catch let error as NeedsMore {
            wanted = all.count + error.missing
            rest = all
            if hasEnded { throw UnexpectedBytes("the response is not whole", after: all) }
            return nil
        }
    }

    private struct NeedsMore: Error {
        var missing = 1
    }

    private mutating func read() throws -> RawResponse {
        var response = RawResponse()
        response.statusLine = try line()
        let parts = response.statusLine.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "HTTP/1.1", parts[1].count == 3, let status = Int(parts[1]) else {
            throw UnexpectedBytes("no status line: \(response.statusLine)", after: rest)
        }
        response.status = status
        while case let line = try line(), !line.isEmpty {
            guard let colon = line.firstIndex(of: ":") else { throw UnexpectedBytes("no field: \(line)", after: rest) }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            response.fields.append((String(line[..<colon]), String(value)))
        }
        if isHead || status < 200 || status == 204 || status == 304 { return response }
        if let coding = response["Transfer-Encoding"] {
            guard coding == "chunked", response["Content-Length"] == nil else {
                throw UnexpectedBytes("two framings: \(response)", after: rest)
            }
            while case let size = try line(), size != "0" {
                guard let size = Int(size, radix: 16) else { throw UnexpectedBytes("no size: \(size)", after: rest) }
                response.chunks.append(size)
                response.body += try take(size)
                guard try line().isEmpty else { throw UnexpectedBytes("a chunk's end", after: rest) }
            }
            guard try line().isEmpty else { throw UnexpectedBytes("trailers", after: rest) }
        } else if let length = response["Content-Length"] {
            guard let length = Int(length) else { throw UnexpectedBytes("length \(length)", after: rest) }
            response.body = try take(length)
        } else {
            guard hasEnded else { throw NeedsMore() }
            response.body = try take(rest.count)
        }
        return response
    }

    private mutating func line() throws -> String {
        guard let end = rest.firstRange(of: [13, 10]) else { throw NeedsMore() }
        defer { rest.removeSubrange(..<end.upperBound) }
        return String(decoding: rest[..<end.lowerBound], as: UTF8.self)
    }

    private mutating func take(_ count: Int) throws -> [UInt8] {
        guard rest.count >= count else { throw NeedsMore(missing: count - rest.count) }
        defer { rest.removeSubrange(..<count) }
        return Array(rest[..<count])
    }
}
