/// A family of events with names and payloads that the compiler knows: an enum under `@ServerEvents`.
///
///     @ServerEvents enum ChatEvent {
///         case said(user: String, text: String)
///         case left(user: String)
///     }
///
/// A case's name is the event's type on the wire; its values are a JSON object, by their labels. A single value without a
/// label is the payload itself, and a case without values has the payload `{}`.
public protocol ServerEvents: Sendable {
    /// What may come, in the order of the cases.
    static var eventSchemas: [ServerEventSchema] { get }
    /// The event's type on the wire.
    var eventName: String { get }
    func encodePayload(to encoder: any Encoder) throws
    /// - Throws: `UnknownServerEventError` for a type that is no case of the enum, and what decoding throws.
    init(eventName: String, from decoder: any Decoder) throws
}

/// Makes an enum `ServerEvents`.
@attached(
    extension, conformances: ServerEvents, names: named(eventSchemas), named(eventName), named(encodePayload),
    named(init))
public macro ServerEvents() = #externalMacro(module: "MartletMacros", type: "ServerEventsMacro")

/// What one event of a family looks like.
public struct ServerEventSchema: Sendable {
    public enum Payload: Sendable {
        /// An object with these members.
        case fields([Field])
        /// A value of this type.
        case value(any Any.Type)
    }

    public struct Field: Sendable {
        public let name: String
        public let type: any Any.Type

        public init(_ name: String, _ type: any Any.Type) {
            self.name = name
            self.type = type
        }
    }

    public let name: String
    /// The case's doc comment.
    public let documentation: String?
    public let payload: Payload

    public init(_ name: String, documentation: String?, payload: Payload) {
        self.name = name
        self.documentation = documentation
        self.payload = payload
    }
}

/// An event came whose type the family does not have.
public struct UnknownServerEventError: Error, Sendable, CustomStringConvertible {
    public let eventName: String
    public init(_ eventName: String) { self.eventName = eventName }
    public var description: String { "'\(eventName)' is none of these events" }
}

/// A member's name in a payload.
public struct ServerEventKey: CodingKey, ExpressibleByStringLiteral {
    public let stringValue: String
    public var intValue: Int? { nil }
    public init(stringLiteral value: String) { stringValue = value }
    public init(stringValue: String) { self.stringValue = stringValue }
    public init?(intValue: Int) { nil }
}

/// The payload of an event, for an encoder.
public struct ServerEventPayload<Event: ServerEvents>: Encodable {
    private let event: Event
    public init(_ event: Event) { self.event = event }
    public func encode(to encoder: any Encoder) throws { try event.encodePayload(to: encoder) }
}

/// An event out of a payload, for a decoder that was told the event's type: `userInfo[.serverEventName]`.
public struct DecodedServerEvent<Event: ServerEvents>: Decodable {
    public let event: Event

    public init(from decoder: any Decoder) throws {
        event = try Event(eventName: decoder.userInfo[.serverEventName] as? String ?? "", from: decoder)
    }
}

extension CodingUserInfoKey {
    /// Tells a decoder the type of the event whose payload it reads.
    public static let serverEventName = CodingUserInfoKey("org.martlet.server-event-name")

    private init(_ name: StaticString) {
        // Any text is a key.
        self = CodingUserInfoKey(rawValue: "\(name)").unsafelyUnwrapped
    }
}
