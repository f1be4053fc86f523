import HTTPTypes
import NIOCore

/// How the end of a response is told (RFC 9112 section 6.3).
enum BodyFraming: Equatable {
    /// The status has no content.
    case none
    case length(Int)
    case chunked
    /// By closing the connection: the only way to stream to an HTTP/1.0 client.
    case close
}

extension ByteBuffer {
    /// Writes the head of a response.
    ///
    /// - Parameter date: the `Date` field with its line end.
    mutating func writeResponseHead(
        _ status: HTTPResponse.Status, _ headers: HTTPFields, framing: BodyFraming, connection: StaticString?,
        date: ByteBuffer
    ) {
        if status == .ok {
            writeStaticString("HTTP/1.1 200 OK\r\n")
        } else {
            writeString("HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n")
        }
        writeFields(headers)
        writeImmutableBuffer(date)
        switch framing {
        case .none, .close:
            break
        case .length(let length):
            writeStaticString("Content-Length: ")
            writeString(String(length))
            writeStaticString("\r\n")
        case .chunked:
            writeStaticString("Transfer-Encoding: chunked\r\n")
        }
        if let connection {
            writeStaticString("Connection: ")
            writeStaticString(connection)
            writeStaticString("\r\n")
        }
        writeStaticString("\r\n")
    }

    /// All at once: a response has many of them.
    private mutating func writeFields(_ headers: HTTPFields) {
        var byteCount = 0
        for field in headers { byteCount += field.name.rawName.utf8.count + field.value.utf8.count + 4 }
        writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { bytes in
            var end = 0
            func write(_ text: String.UTF8View) {
                let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[end...])
                let isWritten: Void? = text.withContiguousStorageIfAvailable {
                    rest.copyMemory(from: UnsafeRawBufferPointer($0))
                }
                if isWritten == nil { rest.copyBytes(from: text) }
                end += text.count
            }
            func write(_ first: Unicode.Scalar, _ second: Unicode.Scalar) {
                bytes[end] = UInt8(ascii: first)
                bytes[end + 1] = UInt8(ascii: second)
                end += 2
            }
            for field in headers where !field.name.isFraming {
                write(field.name.rawName.utf8)
                write(":", " ")
                write(field.value.utf8)
                write("\r", "\n")
            }
            return end
        }
    }

    /// Writes a chunk of the chunked coding (RFC 9112 section 7.1).
    mutating func writeChunk(_ content: ByteBuffer) {
        writeString(String(content.readableBytes, radix: 16))
        writeStaticString("\r\n")
        writeImmutableBuffer(content)
        writeStaticString("\r\n")
    }

    static let lastChunk = ByteBuffer(staticString: "0\r\n\r\n")
}

extension HTTPField.Name {
    /// True for the fields that are the server's alone to write.
    fileprivate var isFraming: Bool {
        switch canonicalName.utf8.count {
        case 4: canonicalName == "date"
        case 10: canonicalName == "connection"
        case 14: canonicalName == "content-length"
        case 17: canonicalName == "transfer-encoding"
        default: false
        }
    }
}
