import MartletCore

/// Whom a rate limit counts.
public struct RateLimitKey: Sendable {
    enum Value: Hashable, Sendable {
        case address(IPAddress)
        case text(String)
        case everyone
    }
    let value: @Sendable (Context) -> Value?
    let needsSessions: Bool

    private init(needsSessions: Bool = false, _ value: @escaping @Sendable (Context) -> Value?) {
        self.value = value
        self.needsSessions = needsSessions
    }

    /// The client's address: one of IPv4, or the first 64 bits of one of IPv6, which is what one customer has. Behind a proxy,
    /// `app.trustedProxies` has to name it, or all clients are one.
    public static let address = RateLimitKey { ctx in
        guard let address = IPAddress(ctx.client.address) else { return .text(ctx.client.address) }
        return .address(address.isV4 ? address : IPAddress(high: address.high, low: 0))
    }

    /// The client's session; who has none is counted by the address. `Sessions` stands before.
    public static let session = RateLimitKey(needsSessions: true) { ctx in
        ctx.session.storedID.map { .text($0.text) }
    }.or(.address)

    /// All clients together: what a service behind the app can take.
    public static let everyone = RateLimitKey { _ in .everyone }

    /// Whatever names somebody: a user, an API key that has been checked, a tenant. Not what a client may make up anew with
    /// each request. Who has no name is not limited, unless there is an ``or(_:)``.
    public static func key(_ name: @escaping @Sendable (Context) -> String?) -> RateLimitKey {
        RateLimitKey { ctx in name(ctx).map { .text($0) } }
    }

    /// Another one for those whom this has no name for.
    public func or(_ other: RateLimitKey) -> RateLimitKey {
        RateLimitKey(needsSessions: needsSessions || other.needsSessions) { [value] ctx in
            value(ctx) ?? other.value(ctx)
        }
    }
}
