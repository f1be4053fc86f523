import HTTPTypes
import Logging
import MartletCore
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Something to tell the user once, on the next page.
public struct FlashMessage: Sendable, Hashable, Codable {
    /// What it is about, for the page to show it so: `notice`, `error`, or another word of the app's.
    public let kind: String
    /// What the user reads.
    public let text: String

    /// A message of these parts.
    public init(kind: String, text: String) {
        self.kind = kind
        self.text = text
    }
}

/// Gives every request `ctx.flash`: messages that outlive a redirect, in an encrypted cookie.
///
///     app.use(try FlashMessages(keys: keys))
///
///     ctx.flash.add("Saved.")          // before the redirect
///     ctx.flash.take()                 // on the page behind it
public struct FlashMessages: ImmediateMiddleware {
    private let cookie: ProtectedCookie<[FlashMessage]>

    /// - Throws: `CookieError` for a name that no cookie can have.
    public init(
        keys: KeyRing, cookieName: String = "flash", attributes: CookieAttributes = CookieAttributes()
    ) throws { cookie = try ProtectedCookie(cookieName, keys: keys, purpose: "flash", attributes: attributes) }

    /// Sets the cookie with the response where messages were added, and removes it where they were taken.
    public func answer(_ ctx: Context, next: Next) -> Answer {
        // It has no lifetime that a time could be held against.
        let flash = Flash { cookie.get(ctx, now: .distantPast) ?? [] }
        ctx[KeptFlash.self] = flash
        let answer = next.answer(ctx)
        if case .now = answer, !flash.isTouched { return answer }
        return answer.flatMap(ctx) { response in
            guard let messages = flash.outcome else { return .now(response) }
            return .now(with(messages, response, ctx))
        }
    }

    private func with(_ messages: [FlashMessage], _ response: Response, _ ctx: Context) -> Response {
        var response = response
        var left = messages[...]
        var cookie = left.isEmpty ? self.cookie.removal(ctx) : nil
        while cookie == nil, !left.isEmpty {
            cookie = try? self.cookie.cookie(holding: Array(left), ctx, now: .distantPast)
            if cookie == nil { left.removeFirst() }
        }
        if left.count < messages.count {
            Logger.current.warning("Flash messages do not fit into a cookie: \(messages.count - left.count) left out.")
        }
        guard let cookie else { return response }
        response.headers.append(HTTPField(name: .setCookie, value: cookie.headerValue))
        // What one client's cookie made must not be another's from a shared cache (RFC 9111 section 7.3).
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-cache=\"set-cookie\"" }
        return response
    }
}

/// The messages of a request: those that came with it, and those that it adds.
public final class Flash: Sendable {
    private struct State {
        /// nil until somebody asks for them.
        var came: [FlashMessage]?
        var messages: [FlashMessage] = []
    }
    private let state = Mutex(State())
    private let read: @Sendable () -> [FlashMessage]
    /// A page shows no more, and a cookie does not hold many.
    private static let maximumCount = 16

    init(_ read: @escaping @Sendable () -> [FlashMessage]) { self.read = read }

    /// Adds a message, for whoever takes it first: this request, or the next that does. Beyond 16, and beyond what a cookie
    /// holds, the oldest are left out.
    public func add(_ text: String, kind: String = "notice") {
        state.withLock { state in
            Self.load(&state, read)
            state.messages.append(FlashMessage(kind: kind, text: text))
            if state.messages.count > Self.maximumCount { state.messages.removeFirst() }
        }
    }

    /// The messages, the oldest first, which are gone with this.
    public func take() -> [FlashMessage] {
        state.withLock { state in
            Self.load(&state, read)
            defer { state.messages = [] }
            return state.messages
        }
    }

    private static func load(_ state: inout State, _ read: () -> [FlashMessage]) {
        guard state.came == nil else { return }
        let came = read()
        state.came = came
        state.messages = came
    }

    var isTouched: Bool { state.withLock { $0.came != nil } }

    /// What the next request is to find; nil where nothing changes.
    var outcome: [FlashMessage]? {
        state.withLock { state in
            guard let came = state.came, came != state.messages else { return nil }
            return state.messages
        }
    }
}

private enum KeptFlash: ContextKey {
    typealias Value = Flash
}

extension Context {
    /// Messages that outlive a redirect. Without the `FlashMessages` middleware the request is answered with 500, and the log
    /// says why.
    public var flash: Flash {
        if let flash = self[KeptFlash.self] { return flash }
        fail(FlashMissingError())
        let flash = Flash { [] }
        self[KeptFlash.self] = flash
        return flash
    }
}

/// An app asks for flash messages and has none.
struct FlashMissingError: Error, CustomStringConvertible {
    let description = """
        ctx.flash was used where no FlashMessages middleware is outside: add app.use(try FlashMessages(keys: …)) to the app's \
        configure.
        """
}
