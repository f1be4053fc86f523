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

    /// Whether the key has a value.
    public func exists(_ key: String) -> Bool { self[key] != nil }

    /// The keys that have a value, sorted.
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
    // Two words and not their text: every request with a session makes one, and looks it up.
    private let high: UInt64
    private let low: UInt64

    /// 32 hexadecimal digits in lower case: what the client's cookie has.
    public var text: String { Self.digits(high) + Self.digits(low) }

    /// A new one, from the system's generator.
    public init() {
        var generator = SystemRandomNumberGenerator()
        (high, low) = (generator.next(), generator.next())
    }

    /// What a client sent, nil where it is no id's text.
    init?(_ text: some RandomAccessCollection<UInt8>) {
        guard text.count == 32, let high = Self.word(text.prefix(16)), let low = Self.word(text.suffix(16)) else {
            return nil
        }
        (self.high, self.low) = (high, low)
    }

    private static func digits(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func word(_ digits: some Sequence<UInt8>) -> UInt64? {
        var word: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): word = word << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): word = word << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return word
    }
}
