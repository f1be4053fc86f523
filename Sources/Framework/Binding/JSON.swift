import MartletEventStream
import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The one place that decides how Swift values become JSON and back, for one application: slashes and non-ASCII text as they
/// are, the rest as its settings say.
// An object, because every request looks at it.
package final class JSON: Sendable {
    /// As it is where nothing is set.
    package static let standard = JSON(JSONSettings(), isDevelopment: false)

    let settings: JSONSettings
    let isPretty: Bool
    private let encoder: JSONEncoder
    /// For what has to stay on one line.
    private let lineEncoder: JSONEncoder
    private let decoder: JSONDecoder

    package init(_ settings: JSONSettings, isDevelopment: Bool) {
        self.settings = settings
        isPretty =
            switch settings.prettyPrinting {
            case .never: false
            case .inDevelopment: isDevelopment
            case .always: true
            }
        lineEncoder = Self.makeEncoder(settings, isPretty: false)
        encoder = isPretty ? Self.makeEncoder(settings, isPretty: true) : lineEncoder
        decoder = Self.makeDecoder(settings)
    }

    private static func makeEncoder(_ settings: JSONSettings, isPretty: Bool) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        if settings.sortsKeys { encoder.outputFormatting.insert(.sortedKeys) }
        if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
        switch settings.dates {
        case .iso8601, .iso8601WithFractions:
            let hasFraction = settings.dates == .iso8601WithFractions
            encoder.dateEncodingStrategy = .custom { date, encoder in
                var container = encoder.singleValueContainer()
                try container.encode(ISO8601.text(of: date, alwaysWithFraction: hasFraction))
            }
        case .secondsSince1970:
            encoder.dateEncodingStrategy = .secondsSince1970
        }
        if settings.keys == .snakeCase {
            encoder.keyEncodingStrategy = .custom { FieldKey(SnakeCase.name(of: $0.last?.stringValue ?? "")) }
        }
        return encoder
    }

    private static func makeDecoder(_ settings: JSONSettings) -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            let date: Date? =
                switch settings.dates {
                case .iso8601, .iso8601WithFractions: ISO8601.date(from: try container.decode(String.self))
                case .secondsSince1970: Date(timeIntervalSince1970: try container.decode(Double.self))
                }
            guard let date else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "must be \(Date.expectation)")
            }
            return date
        }
        return decoder
    }

    /// The value on one line.
    package func text(of value: some Encodable) throws -> String {
        String(decoding: try lineEncoder.encode(value), as: UTF8.self)
    }

    package func buffer(of value: some Encodable) throws -> ByteBuffer {
        ByteBuffer(bytes: try encoder.encode(value))
    }

    /// The event of a family that has this name and payload.
    package static func decode<Event: ServerEvents>(
        _ type: Event.Type, named name: String, from payload: ByteBuffer
    ) throws -> Event {
        let decoder = makeDecoder(JSONSettings())
        decoder.userInfo[.serverEventName] = name
        return try payload.withUnsafeReadableBytes {
            try decoder.decode(DecodedServerEvent<Event>.self, from: Data($0)).event
        }
    }

    package func value<Value: Decodable>(_ type: Value.Type, fromText text: String) throws -> Value {
        try decode(type, from: ByteBuffer(string: text))
    }

    package func decode<Value: Decodable>(_ type: Value.Type, from buffer: ByteBuffer) throws -> Value {
        guard settings.keys == .snakeCase else { return try decodeAsWritten(type, from: buffer) }
        return try decodeAsWritten(SnakeCased<Value>.self, from: buffer).value
    }

    /// For types that name the members themselves as they are on the wire.
    func decodeAsWritten<Value: Decodable>(_ type: Value.Type, from buffer: ByteBuffer) throws -> Value {
        try buffer.withUnsafeReadableBytes { try decoder.decode(type, from: Data($0)) }
    }

    /// A member of an object that `decodeAsWritten` gave.
    func decode<Value: Decodable>(
        _ type: Value.Type, from members: KeyedDecodingContainer<FieldKey>, _ key: FieldKey
    ) throws -> Value {
        guard settings.keys == .snakeCase else { return try members.decode(type, forKey: key) }
        return try members.decode(SnakeCased<Value>.self, forKey: key).value
    }
}
