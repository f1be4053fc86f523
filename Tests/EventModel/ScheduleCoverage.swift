extension Schedule {
    /// What was seen of the rarer cases: a schedule that never gets there proves nothing of them.
    package struct Coverage: Sendable {
        /// Events that did not wait, and for which the store had no room.
        package var turnedAway = 0
        /// How often publishers were found waiting for readers alone: there was no store to wait for.
        package var suspended = 0
        package var restarts = 0
        package var gaps = 0
        package var resumed = 0
        /// Frames that went to sockets past their sinks, and those that these took a part of.
        package var taken = 0
        package var torn = 0

        package init() {}

        package static func += (all: inout Coverage, one: Coverage) {
            all.turnedAway += one.turnedAway
            all.suspended += one.suspended
            all.restarts += one.restarts
            all.gaps += one.gaps
            all.resumed += one.resumed
            all.taken += one.taken
            all.torn += one.torn
        }
    }
}
