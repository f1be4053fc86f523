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
    /// Writes the values of the case, without its name: as an object, or the one value that has no label.
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
    /// What the data of an event is as JSON.
    public enum Payload: Sendable {
        /// An object with these members.
        case fields([Field])
        /// A value of this type.
        case value(any Any.Type)
    }

    /// A member of the payload's object: a labelled value of the case.
    public struct Field: Sendable {
        /// The label, which is the member's name in the JSON.
        public let name: String
        /// The Swift type of the value; an `Optional` may be missing.
        public let type: any Any.Type

        /// Used by the code that `@ServerEvents` writes.
        public init(_ name: String, _ type: any Any.Type) {
            self.name = name
            self.type = type
        }
    }

    /// The event's type on the wire, which is the case's name.
    public let name: String
    /// The case's doc comment.
    public let documentation: String?
    /// The members of its data, or the type of all of it.
    public let payload: Payload

    /// Used by the code that `@ServerEvents` writes.
    public init(_ name: String, documentation: String?, payload: Payload) {
        self.name = name
        self.documentation = documentation
        self.payload = payload
    }
}

/// An event came whose type the family does not have.
public struct UnknownServerEventError: Error, Sendable, CustomStringConvertible {
    /// The type that came; it is the peer's text.
    public let eventName: String
    /// Used by the code that `@ServerEvents` writes.
    public init(_ eventName: String) { self.eventName = eventName }
    /// The reason as a clause, for a log, with the type quoted.
    public var description: String { "'\(eventName)' is none of these events" }
}

/// A member's name in a payload.
public struct ServerEventKey: CodingKey, ExpressibleByStringLiteral {
    /// The label of a value, as it stands in the JSON.
    public let stringValue: String
    /// Always nil: payloads are objects, not arrays.
    public var intValue: Int? { nil }
    /// The key of a label.
    public init(stringLiteral value: String) { stringValue = value }
    /// The key of a member that a decoder has found, whatever its name.
    public init(stringValue: String) { self.stringValue = stringValue }
    /// Always nil: no member is known by a number.
    public init?(intValue: Int) { nil }
}

/// The payload of an event, for an encoder.
public struct ServerEventPayload<Event: ServerEvents>: Encodable {
    private let event: Event
    /// Wraps an event; its type on the wire goes beside the payload.
    public init(_ event: Event) { self.event = event }
    /// Writes the payload, as ``ServerEvents/encodePayload(to:)`` has it.
    public func encode(to encoder: any Encoder) throws { try event.encodePayload(to: encoder) }
}

/// An event out of a payload, for a decoder that was told the event's type: `userInfo[.serverEventName]`.
public struct DecodedServerEvent<Event: ServerEvents>: Decodable {
    /// The event that was decoded.
    public let event: Event

    /// Reads the payload of the event whose type `userInfo` names.
    ///
    /// - Throws: `UnknownServerEventError` where it names none of the family, and what decoding throws.
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
