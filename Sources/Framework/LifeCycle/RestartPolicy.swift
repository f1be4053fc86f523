/// What becomes of background work that fails. Work that returns has ended, and is not run again.
public enum RestartPolicy: Sendable, Hashable {
    /// It is told in the log. The app goes on without it.
    case never
    /// It is told in the log, and the work runs again after a delay, which doubles from one failure to the next up to a
    /// maximum. Work that ran for as long as the maximum begins with the first delay again.
    case onFailure(delay: Duration = .seconds(1), maxDelay: Duration = .seconds(60))
}
