import HTTPTypes
import NIOCore

/// What a field of a request's head means to the connection.
enum FieldRole: Sendable {
    case host, contentLength, contentType, transferEncoding, connection, expect, other

    init(_ name: HTTPField.Name) {
        self =
            switch name.canonicalName {
            case "host": .host
            case "content-length": .contentLength
            case "content-type": .contentType
            case "transfer-encoding": .transferEncoding
            case "connection": .connection
            case "expect": .expect
            default: .other
            }
    }
}

/// The names of fields that most requests have, in the two spellings that clients use: found by their bytes, so that a head is
/// read without making, checking and lower-casing a text for each of its fields.
struct KnownFieldNames: Sendable {
    private struct Entry {
        let spelling: Range<Int>
        let name: HTTPField.Name
        let role: FieldRole
    }
    private var entries: [Entry] = []
    private var spellings: [UInt8] = []
    /// Open addressing: numbers of entries, counted from 1; a power of two, at most half full.
    private var slots: [UInt8]

    static let shared = KnownFieldNames([
        "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Access-Control-Request-Headers",
        "Access-Control-Request-Method", "Authorization", "Cache-Control", "Connection", "Content-Encoding",
        "Content-Length", "Content-Type", "Cookie", "Date", "DNT", "Expect", "Forwarded", "Host", "If-Match",
        "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Keep-Alive", "Last-Event-ID",
        "Origin",
        "Pragma", "Priority", "Range", "Referer", "Sec-CH-UA", "Sec-CH-UA-Mobile", "Sec-CH-UA-Platform",
        "Sec-Fetch-Dest",
        "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User", "Sec-GPC", "TE", "Traceparent", "Tracestate",
        "Transfer-Encoding", "Upgrade-Insecure-Requests", "User-Agent", "Via", "X-CSRF-Token", "X-Forwarded-For",
        "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "X-Request-ID", "X-Requested-With",
    ])

    init(_ names: [String]) {
        slots = [UInt8](repeating: 0, count: 256)
        for spelling in names.flatMap({ [$0, $0.lowercased()] }) {
            guard let name = HTTPField.Name(spelling) else { continue }
            let start = spellings.count
            spellings += spelling.utf8
            entries.append(Entry(spelling: start..<spellings.count, name: name, role: FieldRole(name)))
            var slot = Int(spelling.utf8.reduce(into: FieldNameHash()) { $0.combine($1) }.value) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt8(entries.count)
        }
    }

    /// - Parameter range: of the name in the buffer, from its reader index.
    func find(_ range: Range<Int>, in buffer: ByteBuffer, hash: FieldNameHash) -> (HTTPField.Name, FieldRole)? {
        let bytes = buffer.readableBytesUInt8Span
        var slot = Int(hash.value) & (slots.count - 1)
        search: while slots[slot] != 0 {
            let entry = entries[Int(slots[slot]) - 1]
            slot = (slot + 1) & (slots.count - 1)
            guard entry.spelling.count == range.count else { continue }
            for offset in 0..<range.count
            where spellings[entry.spelling.lowerBound + offset] != bytes[range.lowerBound + offset] { continue search }
            return (entry.name, entry.role)
        }
        return nil
    }
}

/// A quick hash of a field's name. It need not resist collisions made on purpose: a request only looks up.
struct FieldNameHash {
    private(set) var value: UInt32 = 0

    mutating func combine(_ byte: UInt8) { value = value &* 31 &+ UInt32(byte) }
}
