/// What has to change in one text to get the other, line by line: `-` for what was expected, `+` for what is there.
struct LineDifference: CustomStringConvertible {
    let description: String

    /// How many lines around a change are shown.
    private static let context = 2

    init(from expected: String, to actual: String) {
        let old = expected.split(separator: "\n", omittingEmptySubsequences: false)
        let new = actual.split(separator: "\n", omittingEmptySubsequences: false)
        let difference = new.difference(from: old)
        let removed = Set(difference.removals.map(\.place))
        let inserted = Set(difference.insertions.map(\.place))
        var lines: [(text: String, isChange: Bool)] = []
        var (i, j) = (0, 0)
        while i < old.count || j < new.count {
            if i < old.count, removed.contains(i) {
                lines.append(("- \(old[i])", true))
                i += 1
            } else if j < new.count, inserted.contains(j) {
                lines.append(("+ \(new[j])", true))
                j += 1
            } else {
                lines.append(("  \(old[i])", false))
                i += 1
                j += 1
            }
        }
        var shown: [String] = []
        var isGap = false
        for (index, line) in lines.enumerated() {
            let neighbours = max(0, index - Self.context)...min(lines.count - 1, index + Self.context)
            if lines[neighbours].contains(where: \.isChange) {
                shown.append(line.text)
                isGap = false
            } else if !isGap {
                shown.append("  …")
                isGap = true
            }
        }
        description = shown.joined(separator: "\n")
    }
}

extension CollectionDifference.Change {
    fileprivate var place: Int {
        switch self {
        case .insert(let offset, _, _), .remove(let offset, _, _): offset
        }
    }
}
