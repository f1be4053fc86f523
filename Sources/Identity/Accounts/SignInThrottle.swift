import MartletCore
import MartletMiddleware
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Slows down who tries names and passwords.
///
/// Failures are counted by address, by account and address, and by account alone. The last is what an attacker with many
/// addresses runs into, and with it could keep the user out: so it does not count for a device from which the user has signed in
/// before, which a signed cookie shows. Nobody is kept out for longer than the window.
public final class SignInThrottle: Sendable {
    /// How many failures there may be in a window.
    public struct Settings: Sendable {
        /// For how long a failure counts.
        public var window = Duration.seconds(300)
        /// Of one address, whatever the names: an IPv6 address counts with its /64.
        public var perAddress = 30
        /// Of one address for one account.
        public var perAccountAndAddress = 5
        /// For one account from all addresses together that the user has not signed in from.
        public var perAccount = 50

        /// What holds where nothing else is said.
        public init() {}
    }

    /// What is tried; each is counted apart.
    enum Attempt: String {
        case password
        case code
        case reset
    }

    /// What stands for one kind of attempt at one account, whatever somebody has chosen as a name.
    static func key(_ attempt: Attempt, _ account: String) -> String { "\(attempt.rawValue) \(account)" }

    private enum Network: Hashable {
        case known(IPAddress)
        case unknown(String)
    }
    private enum Key: Hashable {
        case address(Network)
        case pair(String, Network)
        case account(String)
        /// Of a device that the user has signed in from before.
        case device(String)
    }
    private struct Failures {
        var count: Int
        /// When the window began.
        var start: Date
    }
    private struct State {
        var failures: [Key: Failures] = [:]
    }
    private let settings: Settings
    private let state = Mutex(State())

    /// How many keys are counted at a time: a flood of others pushes those out that failed least.
    static let maximumKeys = 100_000

    init(_ settings: Settings) { self.settings = settings }

    /// Counts an attempt as one that failed, until it is known to be right: many at a time are as many.
    ///
    /// - Parameters:
    ///   - account: what stands for the name, whether there is such an account or not.
    ///   - device: what the device is known by; nil for one that is not.
    /// - Returns: how long to wait, for one that is too many; it is not tried then.
    func begin(_ account: String, address: String, device: String?, now: Date) -> Duration? {
        let address = Self.network(of: address)
        return state.withLock { state in
            let limits = limits(account, address, device)
            for (key, limit) in limits {
                guard let failures = state.failures[key] else { continue }
                let age = now.timeIntervalSince(failures.start)
                if age < 0 || age >= settings.window / .seconds(1) {
                    state.failures[key] = nil
                } else if failures.count >= limit {
                    return max(.seconds(1), settings.window - .seconds(age))
                }
            }
            for (key, _) in limits { count(key, &state, now) }
            return nil
        }
    }

    /// The attempt was right, and counts for nothing.
    func succeed(_ account: String, address: String, device: String?) {
        let address = Self.network(of: address)
        state.withLock { state in
            for (key, _) in limits(account, address, device) {
                switch key {
                case .pair, .device: state.failures[key] = nil
                // The others' remain: who knows one password may try others' names.
                case .address, .account: Self.takeBack(key, &state)
                }
            }
        }
    }

    /// The password was not looked at, and the attempt counts for nothing, unlike those before it.
    func takeBack(_ account: String, address: String, device: String?) {
        let address = Self.network(of: address)
        state.withLock { state in
            for (key, _) in limits(account, address, device) { Self.takeBack(key, &state) }
        }
    }

    private static func takeBack(_ key: Key, _ state: inout State) {
        guard let count = state.failures[key]?.count else { return }
        if count > 1 { state.failures[key]?.count = count - 1 } else { state.failures[key] = nil }
    }

    /// How many keys are counted.
    var keyCount: Int { state.withLock { $0.failures.count } }

    private func limits(_ account: String, _ address: Network, _ device: String?) -> [(Key, Int)] {
        if let device {
            return [(.address(address), settings.perAddress), (.device(device), settings.perAccountAndAddress)]
        }
        return [
            (.address(address), settings.perAddress), (.pair(account, address), settings.perAccountAndAddress),
            (.account(account), settings.perAccount),
        ]
    }

    private func count(_ key: Key, _ state: inout State, _ now: Date) {
        if let failures = state.failures[key] {
            state.failures[key]?.count = failures.count + 1
            return
        }
        if state.failures.count >= Self.maximumKeys { makeRoom(&state, now) }
        state.failures[key] = Failures(count: 1, start: now)
    }

    /// First what is over, then what has failed least: who is locked stays so under a flood of other names. Some at a time, for
    /// all have to be looked at, and no more, for others wait.
    private func makeRoom(_ state: inout State, _ now: Date) {
        let window = settings.window / .seconds(1)
        let isOver = { (failures: Failures) in now.timeIntervalSince(failures.start) >= window }
        let excess = state.failures.count - Self.maximumKeys + Self.maximumKeys / 16
        var leaving: [Key] = state.failures.lazy.filter { isOver($0.value) }.prefix(excess).map(\.key)
        var least = 1
        while leaving.count < excess {
            leaving += state.failures.lazy.filter { $0.value.count == least && !isOver($0.value) }
                .prefix(excess - leaving.count).map(\.key)
            least += 1
        }
        for key in leaving { state.failures[key] = nil }
    }

    private static func network(of address: String) -> Network {
        IPAddress(address).map { .known($0.network) } ?? .unknown(address)
    }
}
