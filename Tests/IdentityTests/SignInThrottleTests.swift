import Foundation
import Testing

@testable import MartletIdentity

@Suite struct SignInThrottleTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    private func throttle(_ change: (inout SignInThrottle.Settings) -> Void = { _ in }) -> SignInThrottle {
        var settings = SignInThrottle.Settings()
        change(&settings)
        return SignInThrottle(settings)
    }

    @Test func `an account is locked for many addresses, and not for a device that its user has`() {
        let throttle = throttle()
        for index in 0..<50 {
            #expect(throttle.begin("ada", address: "198.51.100.\(index)", device: nil, now: Self.start) == nil)
        }
        #expect(throttle.begin("ada", address: "198.51.100.50", device: nil, now: Self.start) == .seconds(300))
        // Neither its address nor another account has had to do with it.
        #expect(throttle.begin("bob", address: "198.51.100.50", device: nil, now: Self.start) == nil)
        for _ in 0..<5 {
            #expect(throttle.begin("ada", address: "203.0.113.1", device: "phone", now: Self.start) == nil)
        }
        #expect(throttle.begin("ada", address: "203.0.113.1", device: "phone", now: Self.start) == .seconds(300))
        #expect(throttle.begin("ada", address: "203.0.113.1", device: "laptop", now: Self.start) == nil)
    }

    @Test func `the account's own failures from a device lock nobody else`() {
        let throttle = throttle { $0.perAddress = 1000 }
        for index in 0..<100 {
            #expect(throttle.begin("ada", address: "192.0.2.1", device: "\(index)", now: Self.start) == nil)
        }
        #expect(throttle.begin("ada", address: "192.0.2.1", device: nil, now: Self.start) == nil)
    }

    @Test(arguments: [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true), ("2001:DB8:1:2::1", "2001:db8:1:2:0::9", true),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", false), ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("192.0.2.1", "::ffff:c000:201", true), ("192.0.2.1", "192.0.2.2", false),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false), ("unix", "unix", true), ("unix", "", false),
    ])
    func `who can change addresses at will has one`(one: String, other: String, isSame: Bool) {
        let throttle = throttle()
        for _ in 0..<5 { #expect(throttle.begin("ada", address: one, device: nil, now: Self.start) == nil) }
        let wait = throttle.begin("ada", address: other, device: nil, now: Self.start)
        #expect((wait != nil) == isSame)
        // What was right from one counts for the other.
        throttle.succeed("ada", address: isSame ? other : one, device: nil)
        #expect(throttle.begin("ada", address: one, device: nil, now: Self.start) == nil)
    }

    @Test(arguments: [
        (0.0, 300.0), (1, 299), (298.5, 1.5), (299.5, 1), (299.999, 1), (300, nil), (1e9, nil), (-1, nil),
    ])
    func `a window ends`(age: Double, wait: Double?) {
        let throttle = throttle()
        for _ in 0..<5 { _ = throttle.begin("ada", address: "192.0.2.1", device: nil, now: Self.start) }
        let now = Self.start.addingTimeInterval(age)
        let told = throttle.begin("ada", address: "192.0.2.1", device: nil, now: now)
        #expect((told == nil) == (wait == nil))
        if let told, let wait { #expect(abs(told / .seconds(1) - wait) < 0.001) }
    }

    @Test func `who knows one password cannot try others' for ever`() {
        let throttle = throttle()
        for index in 0..<30 {
            #expect(throttle.begin("name\(index)", address: "192.0.2.1", device: nil, now: Self.start) == nil)
            guard throttle.begin("eve", address: "192.0.2.1", device: nil, now: Self.start) == nil else { continue }
            throttle.succeed("eve", address: "192.0.2.1", device: nil)
        }
        #expect(throttle.begin("another", address: "192.0.2.1", device: nil, now: Self.start) != nil)
        #expect(throttle.begin("eve", address: "192.0.2.1", device: nil, now: Self.start) != nil)
    }

    @Test func `a flood of names and addresses is counted in bounds, and lets go of nobody who is locked`() {
        let throttle = throttle()
        func tries(_ address: String) -> Duration? {
            throttle.begin("ada", address: address, device: nil, now: Self.start)
        }
        for _ in 0..<5 { #expect(tries("192.0.2.1") == nil) }
        // Three keys each.
        for index in 0..<67_000 {
            _ = throttle.begin("\(index)", address: "\(index)", device: nil, now: Self.start)
            if index % 1000 == 0 { #expect(throttle.keyCount <= SignInThrottle.maximumKeys) }
        }
        #expect(throttle.keyCount <= SignInThrottle.maximumKeys)
        #expect(tries("192.0.2.1") == .seconds(300))
        // What is over makes room first.
        let later = Self.start.addingTimeInterval(301)
        for index in 0..<3_000 { _ = throttle.begin("\(index)", address: "x\(index)", device: nil, now: later) }
        #expect(throttle.keyCount <= SignInThrottle.maximumKeys)
    }

    /// Failures by key, each with its time, and nothing that is clever.
    private struct Model {
        let settings: SignInThrottle.Settings
        var failures: [String: [Date]] = [:]

        func limits(_ account: String, _ address: Int, _ device: String?) -> [(key: String, limit: Int)] {
            let own =
                device.map { [("device \($0)", settings.perAccountAndAddress)] }
                ?? [
                    ("pair \(account) \(address)", settings.perAccountAndAddress),
                    ("account \(account)", settings.perAccount),
                ]
            return [("address \(address)", settings.perAddress)] + own
        }

        mutating func begin(_ account: String, _ address: Int, _ device: String?, _ now: Date) -> Double? {
            let limits = limits(account, address, device)
            let window = settings.window / .seconds(1)
            for (key, limit) in limits {
                guard let first = failures[key]?.first else { continue }
                let age = now.timeIntervalSince(first)
                if !(0..<window).contains(age) {
                    failures[key] = nil
                } else if failures[key, default: []].count >= limit {
                    return max(1, window - age)
                }
            }
            for (key, _) in limits { failures[key, default: []].append(now) }
            return nil
        }

        mutating func takeBack(_ account: String, _ address: Int, _ device: String?) {
            for (key, _) in limits(account, address, device) { takeBack(key) }
        }

        private mutating func takeBack(_ key: String) {
            _ = failures[key]?.popLast()
            if failures[key]?.isEmpty == true { failures[key] = nil }
        }

        mutating func succeed(_ account: String, _ address: Int, _ device: String?) {
            for (key, _) in limits(account, address, device) {
                if key.hasPrefix("pair") || key.hasPrefix("device") {
                    failures[key] = nil
                } else {
                    takeBack(key)
                }
            }
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func `whatever is tried, it does what the model does`(seed: UInt64)
    {
        var random = SeededGenerator(state: seed)
        var settings = SignInThrottle.Settings()
        settings.window = .seconds(Int.random(in: 1...60, using: &random))
        settings.perAccountAndAddress = Int.random(in: 1...4, using: &random)
        settings.perAddress = Int.random(in: 1...8, using: &random)
        settings.perAccount = Int.random(in: 1...8, using: &random)
        let throttle = SignInThrottle(settings)
        var model = Model(settings: settings)
        var now = Self.start
        for step in 0..<2000 {
            let account = "account\(Int.random(in: 0..<4, using: &random))"
            let number = Int.random(in: 0..<4, using: &random)
            let forms = ["192.0.2.\(number)", "::ffff:192.0.2.\(number)"]
            let address = forms.randomElement(using: &random) ?? ""
            let device = Int.random(in: 0..<4, using: &random) == 0 ? "\(account) \(number % 2)" : nil
            switch Int.random(in: 0..<13, using: &random) {
            case 0...6:
                let told = throttle.begin(account, address: address, device: device, now: now)
                let expected = model.begin(account, number, device, now)
                #expect((told == nil) == (expected == nil), "step \(step)")
                if let told, let expected { #expect(abs(told / .seconds(1) - expected) < 0.001, "step \(step)") }
            case 7...8:
                throttle.succeed(account, address: address, device: device)
                model.succeed(account, number, device)
            case 9:
                throttle.takeBack(account, address: address, device: device)
                model.takeBack(account, number, device)
            case 10: now += Double.random(in: 0...(settings.window / .seconds(1)), using: &random)
            // A clock that is set back.
            case 11 where Int.random(in: 0..<20, using: &random) == 0: now -= 5
            default: now += 0.25
            }
            #expect(throttle.keyCount == model.failures.count, "step \(step)")
        }
    }
}
