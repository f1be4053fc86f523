import MartletCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A cookie with a value of any type, which the client cannot change, nor read unless it is only signed.
///
///     let cart = try ProtectedCookie<[Int]>("cart", keys: keys, lifetime: .seconds(14 * 24 * 3600))
///
///     cart.get(ctx, now: now)                 // nil where there is none, or none that is right
///     try cart.set([1, 2], ctx, now: now)
///     cart.remove(ctx)
///
/// What was tampered with, cut, given another name, made for another purpose or with a key that is gone, or is over its
/// lifetime, is no cookie. A client may still send an old value in place of a new one, as long as the lifetime is not over:
/// what must not come back belongs in a session.
///
/// Over TLS the name on the wire begins with `__Host-`, or with `__Secure-` where the path is not `/` or there is a domain,
/// and a cookie without that is not read.
public struct ProtectedCookie<Value: Codable & Sendable>: Sendable {
    /// As it was given.
    public let name: String
    private let attributes: CookieAttributes
    private let lifetime: Duration?
    private let seal: CookieSeal

    /// - Parameters:
    ///   - name: of the cookie, without a prefix.
    ///   - protection: whether the client can read it.
    ///   - keys: from which the cookie's own are derived.
    ///   - purpose: to be told apart from another cookie of the same name, or from an older form of this one.
    ///   - lifetime: how long a value counts, by the clock of the server, and how long the browser keeps it; nil for as long
    ///     as the browser is open, and the keys are the same.
    ///   - attributes: of the cookie.
    /// - Throws: `CookieError` for a name, path or domain that no cookie can have.
    public init(
        _ name: String, _ protection: CookieProtection = .encrypted, keys: KeyRing, purpose: String = "",
        lifetime: Duration? = nil, attributes: CookieAttributes = CookieAttributes()
    ) throws {
        self.name = name
        self.attributes = attributes
        self.lifetime = lifetime
        seal = CookieSeal(
            protection: protection, keys: keys.keys(for: "cookie", "\(protection)", name, purpose))
        for isSecure in [true, false] { _ = try cookie("", isSecure: isSecure) }
    }

    /// What the value stands in.
    private struct Content: Codable {
        let value: Value
        /// Seconds since 1970.
        let end: Int64?

        enum CodingKeys: String, CodingKey {
            case value = "v"
            case end = "e"
        }
    }

    /// The value that came with the request; nil where none came that is right, be it that it was tampered with.
    ///
    /// - Parameter now: the time, against which the lifetime is held.
    public func get(_ ctx: Context, now: Date) -> Value? {
        var found: Value?
        var left = Self.maximumCopies
        let name = wireName(isSecure: isSecure(ctx))
        ctx.request.forEachCookie(name) { text in
            left -= 1
            found = value(of: text, as: name, now: now)
            return found == nil && left > 0
        }
        return found
    }

    /// How many cookies of the name are looked at: those of other paths and domains may come with it.
    private static var maximumCopies: Int { 4 }
    private static var maximumBytes: Int { 4096 }

    private func value(of text: some BidirectionalCollection<UInt8>, as name: String, now: Date) -> Value? {
        guard text.count <= Self.maximumBytes, let opened = seal.open(text, name),
            let content = try? JSONDecoder().decode(Content.self, from: opened)
        else { return nil }
        if let end = content.end, now.seconds >= end { return nil }
        // A lifetime that was given since counts for what was written without one, too.
        return content.end == nil && lifetime != nil ? nil : content.value
    }

    /// Sets the cookie with the response. `get` still gives what came with the request.
    ///
    /// - Throws: `CookieError` where the value is too large: some 2,900 bytes of JSON fit. Or what encoding the value throws.
    public func set(_ value: Value, _ ctx: Context, now: Date) throws {
        ctx.response.setCookie(try cookie(holding: value, ctx, now: now))
    }

    /// Has the browser forget the cookie.
    public func remove(_ ctx: Context) {
        // It was made at start-up, and could be.
        if let cookie = removal(ctx) { ctx.response.setCookie(cookie) }
    }

    func cookie(holding value: Value, _ ctx: Context, now: Date) throws -> SetCookie {
        let end = lifetime.map { now.seconds(after: $0) }
        let isSecure = isSecure(ctx)
        let content = try JSONEncoder().encode(Content(value: value, end: end))
        return try cookie(try seal.seal(content, wireName(isSecure: isSecure)), isSecure: isSecure, maxAge: lifetime)
    }

    func removal(_ ctx: Context) -> SetCookie? { try? cookie("", isSecure: isSecure(ctx), maxAge: .zero) }

    private func cookie(_ text: String, isSecure: Bool, maxAge: Duration? = nil) throws -> SetCookie {
        var cookie = try SetCookie(
            wireName(isSecure: isSecure), text, path: attributes.path, domain: attributes.domain, maxAge: maxAge)
        cookie.isSecure = isSecure
        cookie.isHTTPOnly = attributes.isHTTPOnly
        cookie.sameSite = attributes.sameSite
        return cookie
    }

    private func isSecure(_ ctx: Context) -> Bool { attributes.isSecure ?? (ctx.request.scheme == "https") }

    private func wireName(isSecure: Bool) -> String {
        guard isSecure, !name.hasPrefix("__") else { return name }
        return attributes.path == "/" && attributes.domain == nil ? "__Host-\(name)" : "__Secure-\(name)"
    }
}

/// Where a cookie is sent, and who sees it.
public struct CookieAttributes: Sendable, Hashable {
    /// For this path and those below it.
    public var path: String
    /// nil for the host that sets it, alone.
    public var domain: String?
    /// True for TLS alone; nil to go by the request that it is set with. Behind a proxy that has the TLS, and is not trusted
    /// to say so, it has to be true.
    public var isSecure: Bool?
    /// True to keep it from scripts.
    public var isHTTPOnly: Bool
    /// With which requests from other sites browsers send it.
    public var sameSite: SetCookie.SameSite?

    /// `HttpOnly; SameSite=Lax; Path=/` where nothing else is said.
    public init(
        path: String = "/", domain: String? = nil, isSecure: Bool? = nil, isHTTPOnly: Bool = true,
        sameSite: SetCookie.SameSite? = .lax
    ) {
        self.path = path
        self.domain = domain
        self.isSecure = isSecure
        self.isHTTPOnly = isHTTPOnly
        self.sameSite = sameSite
    }
}
