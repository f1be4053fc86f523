import Foundation
import MartletCore
import Synchronization

/// Keys in a file: a JWK Set (RFC 7517), as issuers publish it.
///
///     app.use(Authentication(.jwt(try JWKSFile("/etc/shop/keys.json"), issuer: issuer, audience: "shop")))
///
/// When the file changes, its new keys count some seconds later, without a restart. What is no such file keeps the old ones, and
/// is told once in the log. Add a key some seconds before the first token that it signs; take one out when none is in use that
/// it has signed.
public final class JWKSFile: JWTKeySource {
    private struct State {
        var bytes: [UInt8]
        var keySet: JWTKeySet
        /// By the app's clock; nil before the first token.
        var nextCheck: Date?
        /// What the log has been told; nil where the file is good.
        var problem: String?
    }
    private let path: String
    private let interval: TimeInterval
    private let state: Mutex<State>
    private static let maximumBytes = 1 << 20

    /// Reads the file.
    ///
    /// - Parameters:
    ///   - path: best replaced as a whole, by `mv`.
    ///   - interval: how often it is looked at, at most; one second at least. Only when there are tokens.
    /// - Throws: `StartupError` where it cannot be read or used.
    public init(_ path: String, checkedEvery interval: Duration = .seconds(5)) throws {
        self.path = path
        self.interval = max(1, interval / .seconds(1))
        do {
            let bytes = try Self.read(path)
            state = Mutex(State(bytes: bytes, keySet: try JWKSet.keys(in: bytes)))
        } catch {
            let reason = "\(error)"
            throw StartupError(
                "The keys of tokens in '\(path)' cannot be taken: \(reason)\(reason.hasSuffix(".") ? "" : ".")")
        }
    }

    /// The keys of the file as it was last read.
    public var keySet: JWTKeySet { state.withLock { $0.keySet } }

    /// Looks at the file where it is time to. One request does, and waits; all others go on with what there is.
    public func refresh(_ ctx: Context) -> (@Sendable () async -> Void)? {
        let now = ctx.now
        let isDue = state.withLock { state in
            // A wall clock that was put back must not stop the looks.
            let wait = state.nextCheck?.timeIntervalSince(now) ?? 0
            guard wait <= 0 || wait > interval else { return false }
            // Right away: who goes and never looks holds up nobody but for this long.
            state.nextCheck = now.addingTimeInterval(interval)
            return true
        }
        guard isDue else { return nil }
        return { [self] in
            var problem: String?
            do {
                // Reading and parsing are not for the event loop. All of it is read: whatever of its dates are kept or not.
                if let new = try await ctx.blocking({ [self] in try changes() }) {
                    state.withLock { ($0.bytes, $0.keySet) = new }
                    ctx.logger.info(
                        "The keys of tokens are those of the file as it is now.", metadata: ["path": "\(path)"])
                }
            } catch is CancellationError {
                problem = state.withLock { $0.problem }
            } catch {
                problem = "\(error)"
            }
            let isNew = state.withLock { state in
                defer { state.problem = problem }
                return state.problem != problem
            }
            if isNew, let problem {
                ctx.logger.error(
                    "The keys of tokens stay as they were: the file cannot be taken.",
                    metadata: ["path": "\(path)", "problem": "\(problem)"])
            }
        }
    }

    /// - Returns: nil where the file is as it was.
    private func changes() throws -> ([UInt8], JWTKeySet)? {
        let bytes = try Self.read(path)
        guard bytes != state.withLock({ $0.bytes }) else { return nil }
        return (bytes, try JWKSet.keys(in: bytes))
    }

    private static func read(_ path: String) throws -> [UInt8] {
        guard let file = FileHandle(forReadingAtPath: path) else { throw StartupError("it cannot be read") }
        defer { try? file.close() }
        guard let data = try file.read(upToCount: maximumBytes + 1) else { throw StartupError("it is empty") }
        guard data.count <= maximumBytes else { throw StartupError("it has more than a megabyte") }
        return [UInt8](data)
    }
}
