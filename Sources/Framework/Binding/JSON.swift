import MartletEventStream
import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The one place that decides how Swift values become JSON and back: keys in a stable order, dates in ISO 8601,
/// slashes and non-ASCII text as they are.
package enum JSON {
    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(ISO8601.text(of: date))
        }
        return encoder
    }()

    private static let decoder = makeDecoder()

    private static func makeDecoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            guard let date = ISO8601.date(from: try container.decode(String.self)) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "must be \(Date.expectation)")
            }
            return date
        }
        return decoder
    }

    package static func text(of value: some Encodable) throws -> String {
        String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    package static func buffer(of value: some Encodable) throws -> ByteBuffer {
        ByteBuffer(bytes: try encoder.encode(value))
    }

    /// The event of a family that has this name and payload.
    package static func decode<Event: ServerEvents>(
        _ type: Event.Type, named name: String, from payload: ByteBuffer
    ) throws -> Event {
        let decoder = makeDecoder()
        decoder.userInfo[.serverEventName] = name
        return try payload.withUnsafeReadableBytes {
            try decoder.decode(DecodedServerEvent<Event>.self, from: Data($0)).event
        }
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from buffer: ByteBuffer) throws -> Value {
        try buffer.withUnsafeReadableBytes { try decoder.decode(type, from: Data($0)) }
    }
}
