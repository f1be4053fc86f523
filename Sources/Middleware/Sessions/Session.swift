import MartletCore
import Synchronization

/// What an app remembers of a client from one request to the next: texts by key.
///
/// It lives in the store; the client only has its id, in a cookie. Nothing is stored, and no cookie set, before the first
/// value.
public final class Session: Sendable {
    private struct State {
        var values: [String: String]
        var changes: [String: String?] = [:]
        var isRenewed = false
        var isDestroyed = false
    }
    private let state: Mutex<State>
    /// The id that the client came with, nil for a client without a session.
    let storedID: SessionID?

    init(storedID: SessionID?, values: [String: String]) {
        self.storedID = storedID
        state = Mutex(State(values: values))
    }

    /// The value of a key; setting nil removes it.
    public subscript(key: String) -> String? {
        get { state.withLock { $0.values[key] } }
        set {
            state.withLock {
                $0.values[key] = newValue
                $0.changes.updateValue(newValue, forKey: key)
                // What was destroyed stays so: this is the first value of a new session.
                if $0.isDestroyed { ($0.isDestroyed, $0.isRenewed) = (false, true) }
            }
        }
    }

    public func exists(_ key: String) -> Bool { self[key] != nil }

    public var keys: [String] { state.withLock { $0.values.keys.sorted() } }

    /// Gives the session a new id with the same values. Do this when a user logs in, so that an id that somebody knew
    /// before is worth nothing after (session fixation).
    public func renew() { state.withLock { $0.isRenewed = true } }

    /// Forgets everything, in the store and in the client's cookie. Do this when a user logs out.
    public func destroy() {
        state.withLock {
            $0.values = [:]
            $0.changes = [:]
            $0.isDestroyed = true
            $0.isRenewed = false
        }
    }

    /// What there is to do in the store once the request is answered.
    enum Outcome {
        case unchanged
        case update([String: String?])
        case create([String: String])
        case replace([String: String])
        case destroy
    }

    var outcome: Outcome {
        state.withLock { state in
            if state.isDestroyed { return storedID == nil ? .unchanged : .destroy }
            if storedID == nil { return state.values.isEmpty ? .unchanged : .create(state.values) }
            if state.isRenewed { return .replace(state.values) }
            return state.changes.isEmpty ? .unchanged : .update(state.changes)
        }
    }
}

/// Names a session: 128 bits that cannot be guessed.
public struct SessionID: Sendable, Hashable {
    public let text: String

    /// A new one, from the system's generator.
    public init() {
        var generator = SystemRandomNumberGenerator()
        text = [generator.next(), generator.next()].map { (half: UInt64) in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// What a client sent, nil where it cannot be an id.
    init?(_ text: String) {
        guard text.utf8.count == 32, text.utf8.allSatisfy({ $0.isHexDigit }) else { return nil }
        self.text = text
    }
}
