/// The request methods that a route answers, by their names in Swift.
enum VerbSet {
    case any
    case only([String])

    func overlaps(_ other: VerbSet) -> Bool {
        guard case .only(let mine) = self, case .only(let others) = other else { return true }
        return !Set(mine).isDisjoint(with: others)
    }

    func union(_ other: VerbSet) -> VerbSet {
        guard case .only(let mine) = self, case .only(let others) = other else { return .any }
        return .only(mine + others.filter { !mine.contains($0) })
    }
}
