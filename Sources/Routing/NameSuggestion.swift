/// The name that was meant, for "did you mean".
public enum NameSuggestion {
    /// The candidate that takes the fewest edits, regardless of case, or nil when each takes more than one edit for three
    /// characters; of equals the first in the alphabet.
    public static func nearest(to name: String, in candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.lowercased())
        var best: (distance: Int, name: String)?
        for candidate in candidates {
            let offered = Array(candidate.lowercased())
            let limit = max(wanted.count, offered.count) / 3
            guard abs(wanted.count - offered.count) <= limit else { continue }
            let distance = distance(from: wanted, to: offered)
            guard distance <= limit else { continue }
            if let best, (best.distance, best.name) <= (distance, candidate) { continue }
            best = (distance, candidate)
        }
        return best?.name
    }

    /// Damerau–Levenshtein in the form called optimal string alignment: insertions, deletions, substitutions and swaps of
    /// neighbours.
    private static func distance(from a: [Character], to b: [Character]) -> Int {
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var edits = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { edits = min(edits, beforeLast[j - 1] + 1) }
                row.append(edits)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
