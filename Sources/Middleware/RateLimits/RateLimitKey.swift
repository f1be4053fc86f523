import MartletCore

/// Whom a rate limit counts.
public struct RateLimitKey: Sendable {
    enum Value: Hashable, Sendable {
        case address(IPAddress)
        case text(String)
        case everyone
    }
    let value: @Sendable (Context) -> Value?
    let needs: [any Middleware.Type]

    private init(needs: [any Middleware.Type] = [], _ value: @escaping @Sendable (Context) -> Value?) {
        self.value = value
        self.needs = needs
    }

    /// The client's address: one of IPv4, or the first 64 bits of one of IPv6, which is what one customer has. Behind a proxy,
    /// `app.trustedProxies` has to name it, or all clients are one.
    public static let address = RateLimitKey { ctx in
        IPAddress(ctx.client.address).map { .address($0.network) } ?? .text(ctx.client.address)
    }

    /// The client's session; who has none is counted by the address. `Sessions` stands before.
    public static let session = RateLimitKey(needs: [Sessions.self]) { ctx in
        ctx.session.stored.map { .text($0.handle.text) }
    }.or(.address)

    /// The user; who is not signed in is counted by the address. `Authentication` stands before.
    public static let user = RateLimitKey(needs: [Authentication.self]) { ctx in ctx.user.map { .text($0.id) } }.or(
        .address)

    /// All clients together: what a service behind the app can take.
    public static let everyone = RateLimitKey { _ in .everyone }

    /// Whatever names somebody: a user, an API key that has been checked, a tenant. Not what a client may make up anew with
    /// each request. Who has no name is not limited, unless there is an ``or(_:)``.
    public static func key(_ name: @escaping @Sendable (Context) -> String?) -> RateLimitKey {
        RateLimitKey { ctx in name(ctx).map { .text($0) } }
    }

    /// Another one for those whom this has no name for.
    public func or(_ other: RateLimitKey) -> RateLimitKey {
        RateLimitKey(needs: needs + other.needs) { [value] ctx in
            value(ctx) ?? other.value(ctx)
        }
    }
}
