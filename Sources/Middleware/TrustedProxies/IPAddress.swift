/// An address of IPv4 or IPv6. One of IPv4 is the same as the one of IPv6 that stands for it, `::ffff:192.0.2.1`
/// (RFC 4291, section 2.5.5.2).
package struct IPAddress: Hashable, Sendable {
    /// The first 64 bits: what an IPv6 network gives to one customer, mostly.
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    init(v4 bits: UInt32) { self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(bits)) }

    /// nil for what is no address in full: no zone, no brackets, no short forms of IPv4.
    package init?(_ text: some StringProtocol) {
        var text = String(text)
        guard let address = text.withUTF8({ Self.read($0[...]) }) else { return nil }
        self = address
    }

    /// What one customer has: all of an address of IPv4, the first 64 bits of one of IPv6.
    package var network: IPAddress { isV4 ? self : IPAddress(high: high, low: 0) }

    var isV4: Bool { high == 0 && low >> 32 == 0xFFFF }

    private typealias Text = Slice<UnsafeBufferPointer<UInt8>>

    private static func read(_ text: Text) -> IPAddress? {
        // The longest has four groups less and IPv4's digits in their place.
        guard text.count <= 45 else { return nil }
        return text.contains(UInt8(ascii: ":")) ? readV6(text) : readV4(text).map { IPAddress(v4: $0) }
    }

    private static func readV4(_ text: Text) -> UInt32? {
        var bits: UInt32 = 0
        var dots = 0
        var part: UInt32 = 0
        var digits = 0
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                // A zero in front means octal to some readers, and decimal to others.
                guard digits == 0 || part > 0 else { return nil }
                part = part * 10 + UInt32(byte - UInt8(ascii: "0"))
                digits += 1
                guard part <= 255 else { return nil }
            case UInt8(ascii: "."):
                guard digits > 0, dots < 3 else { return nil }
                bits = bits << 8 | part
                dots += 1
                part = 0
                digits = 0
            default: return nil
            }
        }
        return dots == 3 && digits > 0 ? bits << 8 | part : nil
    }

    /// RFC 4291, section 2.2.
    private static func readV6(_ text: Text) -> IPAddress? {
        var groups: [UInt16] = []
        /// Where `::` stands, as a number of groups.
        var gap: Int?
        var rest = text
        if rest.starts(with: [UInt8(ascii: ":"), UInt8(ascii: ":")]) {
            gap = 0
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let group = rest.prefix { $0 != UInt8(ascii: ":") }
            if group.endIndex == rest.endIndex, group.contains(UInt8(ascii: ".")) {
                guard let bits = readV4(group) else { return nil }
                groups += [UInt16(truncatingIfNeeded: bits >> 16), UInt16(truncatingIfNeeded: bits)]
                break
            }
            guard let value = hexadecimal(group) else { return nil }
            groups.append(value)
            rest = rest[group.endIndex...]
            guard !rest.isEmpty else { break }
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: ":") {
                guard gap == nil else { return nil }
                gap = groups.count
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
        }
        if let gap {
            guard groups.count < 8 else { return nil }
            groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
        }
        guard groups.count == 8 else { return nil }
        let halves = (groups[..<4], groups[4...])
        func joined(_ groups: ArraySlice<UInt16>) -> UInt64 { groups.reduce(0) { $0 << 16 | UInt64($1) } }
        return IPAddress(high: joined(halves.0), low: joined(halves.1))
    }

    private static func hexadecimal(_ text: Text) -> UInt16? {
        guard (1...4).contains(text.count) else { return nil }
        var value: UInt16 = 0
        for byte in text {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            value = value << 4 | UInt16(digit)
        }
        return value
    }
}

extension IPAddress: CustomStringConvertible {
    /// Of IPv4 with dots, of IPv6 as RFC 5952 has it.
    package var description: String {
        if isV4 { return [24, 16, 8, 0].map { "\(low >> $0 & 0xFF)" }.joined(separator: ".") }
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> (48 - 16 * UInt64($0 % 4))) }
        var longest = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > longest.count { longest = start..<end }
            start = end + 1
        }
        func text(_ groups: ArraySlice<UInt16>) -> String {
            groups.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard longest.count > 1 else { return text(groups[...]) }
        return "\(text(groups[..<longest.lowerBound]))::\(text(groups[longest.upperBound...]))"
    }
}

/// The addresses that begin with the same bits: `10.0.0.0/8`, `2001:db8::/32`, or a single one.
struct IPNetwork: Hashable, Sendable {
    let address: IPAddress
    /// Of 128, for IPv4, too.
    let length: Int

    /// nil for what is none, and for one with bits behind its length.
    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]) else { return nil }
        let isV4 = !parts[0].utf8.contains(UInt8(ascii: ":"))
        var length = 128
        if parts.count == 2 {
            guard let number = Int(parts[1]), "\(number)" == parts[1], (0...(isV4 ? 32 : 128)).contains(number) else {
                return nil
            }
            length = isV4 ? number + 96 : number
        }
        guard Self.masked(address, length) == address else { return nil }
        self.address = address
        self.length = length
    }

    func contains(_ other: IPAddress) -> Bool { Self.masked(other, length) == address }

    private static func masked(_ address: IPAddress, _ length: Int) -> IPAddress {
        // Shifts by 64 and more leave nothing.
        IPAddress(
            high: address.high & ~(UInt64.max >> UInt64(min(length, 64))),
            low: address.low & ~(UInt64.max >> UInt64(max(length - 64, 0))))
    }
}
