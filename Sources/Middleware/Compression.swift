import CZlib
import HTTPTypes
import MartletCore
import NIOCore

/// Compresses whole bodies of text with gzip for clients that accept it. Streams pass as they are.
///
/// A page that holds both a secret and what an attacker can choose tells the secret by its compressed size (BREACH): leave
/// such pages out by giving them a `Content-Encoding: identity` header.
public struct Compression: ImmediateMiddleware {
    private let minimumBytes: Int
    private let level: Int32

    /// - Parameters:
    ///   - minimumBytes: smaller bodies are not worth it.
    ///   - level: from 1, the fastest, to 9, the smallest.
    public init(minimumBytes: Int = 1024, level: Int = 5) {
        self.minimumBytes = minimumBytes
        self.level = Int32(min(max(level, 1), 9))
    }

    /// Compresses the body of the answer where it is large enough and text, and the client's `Accept-Encoding` allows
    /// gzip.
    public func answer(_ ctx: Context, next: Next) -> Answer {
        let answer = next.answer(ctx)
        if case .now(let response) = answer, !isLarge(response) { return answer }
        return answer.flatMap(ctx) { response in
            guard isLarge(response), case .buffer(let body) = response.body,
                response.headers[.contentEncoding] == nil, response.headers[.contentRange] == nil,
                Self.isCompressible(response.headers[.contentType] ?? "")
            else { return .now(response) }
            var response = response
            response.headers[.vary] = ContentCoding.vary(response.headers[.vary])
            guard ContentCoding.acceptsGzip(ctx.request.headers) else { return .now(response) }
            if body.readableBytes <= Self.maximumInlineBytes { return .now(compressed(response, body)) }
            return .later(ctx) { [response] in try await ctx.blocking { compressed(response, body) } }
        }
    }

    private func isLarge(_ response: Response) -> Bool {
        if case .buffer(let body) = response.body { body.readableBytes >= minimumBytes } else { false }
    }

    /// What takes longer than about half a millisecond is compressed on the thread pool, where no other request waits for it.
    private static let maximumInlineBytes = 16 * 1024

    private func compressed(_ response: Response, _ body: ByteBuffer) -> Response {
        guard let compressed = gzip(body) else { return response }
        var response = response
        response.headers[.contentEncoding] = "gzip"
        // A strong tag names the bytes that there were before.
        if let tag = response.headers[.eTag], !tag.hasPrefix("W/") { response.headers[.eTag] = "W/\(tag)" }
        response.body = .buffer(compressed)
        return response
    }

    private static func isCompressible(_ type: String) -> Bool {
        let type = type.lowercased()
        return type.hasPrefix("text/") || ["json", "javascript", "xml", "svg"].contains { type.contains($0) }
    }

    /// nil when zlib cannot: then the body goes as it is.
    private func gzip(_ body: ByteBuffer) -> ByteBuffer? {
        var stream = z_stream()
        // 15 window bits, and 16 for gzip's header and trailer.
        guard
            deflateInit2_(
                &stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        let bound = Int(deflateBound(&stream, UInt(body.readableBytes)))
        var output = ByteBufferAllocator().buffer(capacity: bound)
        var status = Z_OK
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { target in
            body.withUnsafeReadableBytes { source in
                stream.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(target.count)
                status = deflate(&stream, Z_FINISH)
            }
            return Int(stream.total_out)
        }
        return status == Z_STREAM_END ? output : nil
    }
}
