import HTTPTypes
import MartletCore
import NIOCore

/// Takes the requests of one connection apart, line by line as they come (RFC 9112).
///
/// It is strict wherever two readers of one connection could disagree on where a request ends: a line ends with CRLF and
/// nothing else, no field is folded, no space stands before a colon or behind a chunk's size.
struct RequestParser {
    private enum Place {
        /// Before or in a head.
        case head
        /// In a body, with so many bytes to come.
        case content(Int)
        case chunkSize
        case chunk(Int)
        /// At the line end behind a chunk.
        case chunkEnd
        case trailers
    }

    enum BodyPart {
        case bytes(ByteBuffer)
        case end
    }

    private var place = Place.head
    private var draft: RequestHeadDraft?
    /// How much of the line at the front was looked at: a line that comes byte by byte is not looked at again and again.
    private var scanned = 0
    private var trailerCount = 0
    private var trailerBytes = 0

    /// A chunk's size has 16 digits at most; the rest is for extensions, which mean nothing here.
    private static let maxChunkLineBytes = 256
    /// What a start line has beside its target: the longest method, the version, two spaces.
    private static let startLineSpareBytes = 64

    /// True when the start line is read and the rest of the head is not.
    var isInHead: Bool { draft != nil }
    /// What is known of the method of the request that is being read.
    var isHead: Bool { draft?.method == .head }

    // MARK: - The head

    /// The next head, when all of it has come. The bytes are taken from the buffer as they are understood.
    ///
    /// - Throws: the status that refuses it; nothing can be read after that.
    mutating func head(from buffer: inout ByteBuffer, limits: Limits) throws(HTTPError) -> RequestHead? {
        while let length = try lineLength(buffer) {
            if draft == nil {
                // RFC 9112 section 2.2: empty lines before a request are no part of it.
                if length > 0 { draft = try RequestHeadDraft(startLine: buffer, length: length, limits: limits) }
            } else if length > 0 {
                try draft?.addField(buffer, length: length, limits: limits)
            }
            buffer.moveReaderIndex(forwardBy: length + 2)
            if length == 0, let draft { return begin(try draft.head()) }
        }
        if let draft {
            // The CR may be there already.
            try draft.checkSize(adding: buffer.readableBytes - 1, limits: limits)
        } else if buffer.readableBytes > limits.maxTargetBytes + Self.startLineSpareBytes {
            throw RequestHeadDraft.tooLong(startLine: buffer, limits)
        }
        return nil
    }

    private mutating func begin(_ head: RequestHead) -> RequestHead {
        draft = nil
        switch head.body {
        case .none: place = .content(0)
        case .length(let length): place = .content(length)
        case .chunked:
            place = .chunkSize
            trailerCount = 0
            trailerBytes = 0
        }
        return head
    }

    // MARK: - The body

    /// What has come of the body behind the head that was read last; nil when more must come.
    ///
    /// - Throws: the status that refuses it; nothing can be read after that.
    mutating func body(from buffer: inout ByteBuffer, limits: Limits) throws(HTTPError) -> BodyPart? {
        while true {
            switch place {
            case .head, .content(0):
                place = .head
                return .end
            case .content(let left):
                guard let bytes = Self.take(left, from: &buffer) else { return nil }
                place = .content(left - bytes.readableBytes)
                return .bytes(bytes)
            case .chunkSize:
                guard let length = try lineLength(buffer) else {
                    guard buffer.readableBytes <= Self.maxChunkLineBytes else {
                        throw .malformed("a chunk's extension")
                    }
                    return nil
                }
                guard length <= Self.maxChunkLineBytes else { throw .malformed("a chunk's extension") }
                let line = try ChunkLine(buffer, length: length)
                buffer.moveReaderIndex(forwardBy: length + 2)
                place = line.size == 0 ? .trailers : .chunk(line.size)
            case .chunk(let left):
                guard let bytes = Self.take(left, from: &buffer) else { return nil }
                place = bytes.readableBytes == left ? .chunkEnd : .chunk(left - bytes.readableBytes)
                return .bytes(bytes)
            case .chunkEnd:
                guard let length = try lineLength(buffer) else {
                    guard buffer.readableBytes <= 1, scanned == 0 else { throw .malformed("the end of a chunk") }
                    return nil
                }
                guard length == 0 else { throw .malformed("the end of a chunk") }
                buffer.moveReaderIndex(forwardBy: 2)
                place = .chunkSize
            case .trailers:
                guard let isLast = try trailer(&buffer, limits) else { return nil }
                if isLast { place = .content(0) }
            }
        }
    }

    private static func take(_ count: Int, from buffer: inout ByteBuffer) -> ByteBuffer? {
        let available = min(count, buffer.readableBytes)
        return available == 0 ? nil : buffer.readSlice(length: available)
    }

    /// Reads and drops a trailer field (RFC 9112 section 7.1.2).
    ///
    /// - Returns: true at the empty line that ends the body.
    private mutating func trailer(_ buffer: inout ByteBuffer, _ limits: Limits) throws(HTTPError) -> Bool? {
        guard let length = try lineLength(buffer) else {
            guard trailerBytes + buffer.readableBytes - 1 <= limits.maxHeaderBytes else {
                throw RequestHeadDraft.headerTooLarge(limits)
            }
            return nil
        }
        defer { buffer.moveReaderIndex(forwardBy: length + 2) }
        if length == 0 { return true }
        _ = try FieldLine(buffer, length: length)
        trailerCount += 1
        trailerBytes += length + 2
        guard trailerBytes <= limits.maxHeaderBytes, trailerCount <= limits.maxHeaderFields else {
            throw RequestHeadDraft.headerTooLarge(limits)
        }
        return false
    }

    // MARK: - Lines

    /// The length of the line at the front, without its CRLF; nil while its end has not come.
    ///
    /// - Throws: 400 for a CR or a LF alone, and for every other control character but the tab.
    private mutating func lineLength(_ buffer: ByteBuffer) throws(HTTPError) -> Int? {
        let bytes = buffer.readableBytesUInt8Span
        var index = scanned
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x20 || byte == 0x7f {
                if byte == UInt8(ascii: "\r") {
                    guard index + 1 < bytes.count else { break }
                    guard bytes[index + 1] == UInt8(ascii: "\n") else { throw .malformed("the end of a line") }
                    scanned = 0
                    return index
                }
                guard byte == UInt8(ascii: "\t") else {
                    throw .malformed(byte == UInt8(ascii: "\n") ? "the end of a line" : "a control character")
                }
            }
            index += 1
        }
        scanned = index
        return nil
    }
}

extension HTTPError {
    /// - Parameter part: what of the request cannot be understood.
    static func malformed(_ part: String) -> HTTPError {
        HTTPError(.badRequest, "The request is malformed: \(part).")
    }
}
