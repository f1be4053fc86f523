import Synchronization

/// Names the requests of an application: no name comes twice, and hardly one that another process has given.
final class RequestIDs: Sendable {
    /// Steps through all numbers, from one that nobody knows.
    private let state = Atomic<UInt64>(UInt64.random(in: .min ... .max))

    /// 13 digits to the base 32. Not a secret: who has seen one can tell the next.
    func next() -> String {
        // SplitMix64: it turns different numbers into different numbers, and neighbours into strangers.
        var number = state.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        number = (number ^ number >> 30) &* 0xBF58_476D_1CE4_E5B9
        number = (number ^ number >> 27) &* 0x94D0_49BB_1331_11EB
        number ^= number >> 31
        return String(unsafeUninitializedCapacity: 13) { digits in
            for index in 0..<13 {
                let digit = UInt8(truncatingIfNeeded: number & 31)
                digits[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                number >>= 5
            }
            return 13
        }
    }
}
