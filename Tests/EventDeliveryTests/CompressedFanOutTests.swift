import GzipReader
import MartletEventStream
import MartletTesting
import NIOCore
import Testing

@testable import MartletCore

@Suite struct CompressedFanOutTests {
    private func inflated(_ bytes: [UInt8]) throws -> String {
        String(decoding: try Gzip.inflated(bytes), as: UTF8.self)
    }

    private func frames(_ texts: [String], isCompressible: Bool = true) throws -> [EventFrame] {
        try texts.map {
            try EventFrame.Draft(ServerSentEvent(data: $0), isCompressible: isCompressible).frame(id: nil)
        }
    }

    private func stream(_ frames: some Sequence<EventFrame>, _ deflater: FrameDeflater) -> [UInt8] {
        var envelope = GzipEnvelope()
        var bytes = GzipEnvelope.header
        for frame in frames {
            let compressed = frame.compressed(by: deflater)
            envelope.add(compressed)
            bytes += Array(compressed.blocks.readableBytesView)
        }
        return bytes + Array(envelope.trailer.readableBytesView)
    }

    @Test func `the shared blocks decode for a client that joins at any of them and leaves at any`() throws {
        let deflater = FrameDeflater()
        let texts = ["", "x", "日本語", String(repeating: "abc ", count: 30_000)] + (0..<8).map { "event \($0)" }
        let frames = try frames(texts)
        for first in frames.indices {
            for end in first...frames.count {
                let plain = frames[first..<end].map { String(buffer: $0.payload) }.joined()
                #expect(try inflated(stream(frames[first..<end], deflater)) == plain, "\(first)..<\(end)")
            }
        }
    }

    @Test func `a frame is compressed once, and smaller`() throws {
        let deflater = FrameDeflater()
        let frame = try #require(try frames([String(repeating: "again ", count: 100)]).first)
        let compressed = frame.compressed(by: deflater)
        #expect(compressed.blocks.readableBytes < frame.byteCount / 5)
        let again = frame.compressed(by: deflater)
        #expect(
            compressed.blocks.withUnsafeReadableBytes(\.baseAddress)
                == again.blocks.withUnsafeReadableBytes(\.baseAddress))
        #expect(String(buffer: compressed.chunk).hasSuffix("\r\n"))
    }

    @Test func `an incompressible topic's length says nothing of its content`() throws {
        let deflater = FrameDeflater()
        for count in [1, 100, 0xffff, 200_000] {
            let same = try frames([String(repeating: "a", count: count)], isCompressible: false)
            let mixed = try frames(
                [String((0..<count).map { _ in "abcdefghij".randomElement() ?? "a" })], isCompressible: false)
            #expect(same[0].compressed(by: deflater).length == mixed[0].compressed(by: deflater).length)
            #expect(
                same[0].compressed(by: deflater).blocks.readableBytes
                    == mixed[0].compressed(by: deflater).blocks.readableBytes)
            #expect(try inflated(stream(mixed, deflater)) == String(buffer: mixed[0].payload))
        }
    }

    @Test func `a burst with an incompressible event is stored as a whole`() throws {
        let secret = try frames(["secret"], isCompressible: false)
        let joined = EventFrame(joining: secret + (try frames(["open"])))
        #expect(!joined.isCompressible)
        #expect(String(buffer: joined.payload) == "data: secret\n\ndata: open\n\n")
    }

    @Test(arguments: [
        ("gzip", true), ("gzip, br", true), ("*", true), ("br", false), ("", false), ("gzip;q=0", false),
        ("*;q=0", false), ("gzip;q=0, *", false), ("GZIP", true), ("identity, gzip;q=0.5", true),
    ])
    func `only clients that ask for gzip get it`(accepted: String, isGzip: Bool) {
        #expect(ContentCoding.acceptsGzip(accepted.isEmpty ? [:] : [.acceptEncoding: accepted]) == isGzip)
    }
}
