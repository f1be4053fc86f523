extension Clock<Duration> {
    /// Measures from now on.
    package func stopwatch() -> @Sendable () -> Duration {
        // The rule, told apart: by way of the protocol, a look at it costs as much as a look into a session.
        if let clock = self as? ContinuousClock {
            let start = clock.now
            return { start.duration(to: .now) }
        }
        let start = now
        return { start.duration(to: self.now) }
    }
}
