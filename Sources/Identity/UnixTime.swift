#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Date {
    /// Whole seconds since 1970, within the times that a sum of two does not overflow.
    var seconds: Int64 {
        let seconds = timeIntervalSince1970
        return seconds.isNaN ? 0 : Int64(min(max(seconds, -1e15), 1e15).rounded(.down))
    }

    /// Whole seconds since 1970 when the duration is over.
    func seconds(after duration: Duration) -> Int64 {
        seconds + min(max(duration.components.seconds, -1_000_000_000_000_000), 1_000_000_000_000_000)
    }
}
