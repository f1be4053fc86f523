import HTTPTypes
import MartletEventStream
import NIOCore

/// A type that is a response of its own making.
public protocol ResponseConvertible {
    /// The response in this request.
    ///
    /// - Throws: what is answered as if the action had thrown it.
    func response(for context: Context) throws -> Response
}

/// A type that is a response of its own making, for which it has to wait: a template that is read, a row that is fetched.
///
/// A synchronous action may return one, too.
public protocol AsyncResponseConvertible: Sendable {
    /// The response in this request; made when the action has returned.
    ///
    /// - Throws: what is answered as if the action had thrown it.
    func response(for context: Context) async throws -> Response
}

/// Turns what an action returned into a response; the compiler picks the kind. Used by the code that `@Controller` writes.
public enum ActionResult {
    /// A type that makes its own response has the last word, be it `Encodable` as well.
    public static func response(_ value: some ResponseConvertible, _ context: Context) throws -> Response {
        try value.response(for: context)
    }

    /// What has to be waited for is made when the action has returned.
    public static func response(_ value: some AsyncResponseConvertible, _ context: Context) throws -> Response {
        Response(body: .deferred { try await value.response(for: $0) })
    }

    /// Any other `Encodable` is JSON.
    @_disfavoredOverload
    public static func response(_ value: some Encodable, _ context: Context) throws -> Response {
        Response(headers: .json, body: .buffer(try context.environment.json.buffer(of: value)))
    }

    /// Nothing is 204.
    public static func response(_: Void, _ context: Context) throws -> Response { Response(status: .noContent) }

    /// nil is 404.
    public static func response(_ value: (some ResponseConvertible)?, _ context: Context) throws -> Response {
        guard let value else { throw HTTPError(.notFound) }
        return try value.response(for: context)
    }

    /// nil is 404, without waiting.
    public static func response(_ value: (some AsyncResponseConvertible)?, _ context: Context) throws -> Response {
        guard let value else { throw HTTPError(.notFound) }
        return try response(value, context)
    }

    /// nil is 404, and not JSON's `null`.
    @_disfavoredOverload
    public static func response(_ value: (some Encodable)?, _ context: Context) throws -> Response {
        guard let value else { throw HTTPError(.notFound) }
        return try response(value, context)
    }

    /// A sequence of events is a stream that ends with it.
    public static func response<S: AsyncSequence & Sendable>(_ events: S, _ context: Context) throws -> Response
    where S.Element == ServerSentEvent {
        try response(context.sse.stream(of: events), context)
    }

    /// A sequence of a family's events is a stream that ends with it.
    public static func response<S: AsyncSequence & Sendable>(_ events: S, _ context: Context) throws -> Response
    where S.Element: ServerEvents {
        try response(context.sse.stream(of: events), context)
    }

    /// A sequence of texts is a stream of `message` events with them, as they are.
    public static func response<S: AsyncSequence & Sendable>(_ texts: S, _ context: Context) throws -> Response
    where S.Element == String {
        try response(context.sse.stream(of: texts), context)
    }

    /// A sequence of any other `Encodable` is a stream of `message` events with them as JSON.
    @_disfavoredOverload
    public static func response<S: AsyncSequence & Sendable>(_ values: S, _ context: Context) throws -> Response
    where S.Element: Encodable {
        try response(context.sse.stream(of: values), context)
    }

    /// Any other type is no result: here the compiler says which ones are.
    @available(
        *, unavailable,
        message:
            "An action returns a String, HTML, Envelope, Redirect, Status, Response, EventStream, any Encodable, an AsyncSequence of events or of Encodable values, an Optional of these, or nothing."
    )
    @_disfavoredOverload
    public static func response<Value>(_ value: Value, _ context: Context) throws -> Response { Response() }
}
