#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Rule where Value: Comparable & Sendable {
    /// From a value to another, both allowed.
    public static func range(_ range: ClosedRange<Value>) -> Rule {
        Rule {
            range.contains($0) ? nil : "must be from \(wireText(range.lowerBound)) to \(wireText(range.upperBound))"
        }
    }

    /// From a value on: `.range(1...)`.
    public static func range(_ range: PartialRangeFrom<Value>) -> Rule {
        Rule { range.contains($0) ? nil : "must be at least \(wireText(range.lowerBound))" }
    }

    /// Up to a value, which is allowed: `.range(...100)`.
    public static func range(_ range: PartialRangeThrough<Value>) -> Rule {
        Rule { range.contains($0) ? nil : "must be at most \(wireText(range.upperBound))" }
    }
}

extension Rule where Value: Equatable & Sendable {
    /// One of these values.
    public static func oneOf(_ values: Value...) -> Rule {
        Rule { value in
            values.contains(value) ? nil : "must be one of: \(values.map(wireText).joined(separator: ", "))"
        }
    }
}

extension Rule {
    /// The number of elements that an array may have, from 0. Its elements are not held against their own rules where it has
    /// too many or too few.
    public static func count<Element>(_ range: ClosedRange<Int>) -> Rule where Value == [Element] {
        Rule { range.contains($0.count) ? nil : sizeProblem(range.lowerBound, range.upperBound, "elements") }
    }

    /// The fewest elements that an array may have: `.count(1...)`.
    public static func count<Element>(_ range: PartialRangeFrom<Int>) -> Rule where Value == [Element] {
        Rule { range.contains($0.count) ? nil : sizeProblem(range.lowerBound, nil, "elements") }
    }

    /// The most elements that an array may have: `.count(...100)`.
    public static func count<Element>(_ range: PartialRangeThrough<Int>) -> Rule where Value == [Element] {
        Rule { range.contains($0.count) ? nil : sizeProblem(nil, range.upperBound, "elements") }
    }

    /// The number of elements that a set may have, from 0.
    public static func count<Element: SendableMetatype>(_ range: ClosedRange<Int>) -> Rule where Value == Set<Element> {
        Rule { range.contains($0.count) ? nil : sizeProblem(range.lowerBound, range.upperBound, "elements") }
    }
}

/// What is said of something that has too much or too little of its parts.
func sizeProblem(_ least: Int?, _ most: Int?, _ parts: String) -> String {
    switch (least, most) {
    case (1, nil): "must not be empty"
    case (let least?, nil): "must have at least \(least) \(parts)"
    case (nil, let most?): "must have at most \(most) \(parts)"
    case (let least?, let most?) where least == most: "must have exactly \(least) \(parts)"
    case (let least?, let most?): "must have from \(least) to \(most) \(parts)"
    case (nil, nil): "is not valid"
    }
}

/// A value as a client writes it.
private func wireText<Value>(_ value: Value) -> String {
    if let date = value as? Date { return ISO8601.text(of: date) }
    if let raw = value as? any RawRepresentable { return "\(raw.rawValue)" }
    return "\(value)"
}
