/// One of the shapes of path that a template matches: the template without its names.
///
/// Two routes collide when a place is common to both.
package struct PathPlace: Sendable, Hashable {
    package enum Step: Sendable, Hashable {
        case literal(String)
        case pattern(SegmentPattern)
        case parameter
        case catchAll
    }

    package let steps: [Step]
}

extension PathTemplate {
    /// Where the template belongs: two places when it ends in `{name?}`, the shorter first, else one.
    package var places: [PathPlace] {
        let steps = segments.map { segment -> PathPlace.Step in
            switch segment {
            case .literal(let text): .literal(text)
            case .pattern(let parts): .pattern(SegmentPattern(parts))
            case .parameter, .optional: .parameter
            case .catchAll: .catchAll
            }
        }
        guard case .optional = segments.last else { return [PathPlace(steps: steps)] }
        return [PathPlace(steps: steps.dropLast()), PathPlace(steps: steps)]
    }
}
