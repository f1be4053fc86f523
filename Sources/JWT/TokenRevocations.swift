import MartletCore
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Tokens that are taken back before they expire, by their `jti`.
///
/// It is in this process's memory, and forgets what has expired: let tokens live for minutes. Where there are several processes,
/// or a token must stay revoked through a restart, have the scheme's `user:` ask a store.
public final class TokenRevocations: Sendable {
    private struct State {
        /// Until when each has to be known.
        var ends: [String: Date] = [:]
        /// Before it, a look for what is over would find little.
        var nextSweep = Date.distantPast
    }
    private let capacity: Int
    private let state = Mutex(State())
    private static let sweepInterval: TimeInterval = 1

    /// - Parameter capacity: how many there may be, at least 1; each takes some hundred bytes.
    public init(capacity: Int = 100_000) { self.capacity = max(1, capacity) }

    /// How many there are.
    public var count: Int { state.withLock { $0.ends.count } }

    /// Takes a token back.
    ///
    /// - Parameters:
    ///   - id: its `jti`.
    ///   - expiresAt: its `exp`; nil for a token without one.
    /// - Throws: `HTTPError` 503 where there are too many: none is forgotten that could still be used.
    public func revoke(_ id: String, expiresAt: Date?, now: Date) throws {
        let end = expiresAt?.addingTimeInterval(JWTScheme.leeway / .seconds(1)) ?? .distantFuture
        guard end > now else { return }
        let isTaken = state.withLock { state in
            if state.ends.count >= capacity, now >= state.nextSweep {
                state.ends = state.ends.filter { $0.value > now }
                state.nextSweep = now.addingTimeInterval(Self.sweepInterval)
            }
            guard state.ends[id] != nil || state.ends.count < capacity else { return false }
            state.ends[id] = max(end, state.ends[id] ?? end)
            return true
        }
        guard isTaken else { throw HTTPError(.serviceUnavailable, "Too many tokens are revoked.") }
    }

    /// Takes the token of the request back, and ends the streams that were opened with it.
    ///
    /// - Returns: false where the request has no token that could be taken back.
    /// - Throws: `HTTPError` 503 where there are too many.
    @discardableResult
    public func revokeToken(of ctx: Context) throws -> Bool {
        guard let proof = ctx.user?.proof, let id = proof.handle?.tokenID else { return false }
        try revoke(id, expiresAt: proof.expiresAt, now: ctx.now)
        ctx.sse.closeStreams(provedBy: .token(id))
        return true
    }

    /// Whether a token has been taken back.
    public func isRevoked(_ id: String, at now: Date) -> Bool {
        state.withLock { state in
            guard let end = state.ends[id] else { return false }
            return end > now
        }
    }
}
