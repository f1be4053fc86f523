import SwiftSyntax

extension DeclModifierListSyntax {
    /// The first of the modifiers; `private(set)` and `nonisolated(nonsending)` say something else and do not count.
    func first(_ keywords: Keyword...) -> DeclModifierSyntax? {
        first { modifier in
            modifier.detail == nil && keywords.contains { modifier.name.tokenKind == .keyword($0) }
        }
    }

    func has(_ keyword: Keyword) -> Bool { first(keyword) != nil }

    /// The modifier that keeps a method from being an action.
    var excluding: DeclModifierSyntax? { first(.private, .fileprivate, .static, .class) }

    /// What a member of a type must have to be as visible as a protocol's member must be.
    var accessOfMember: String {
        if first(.public, .open) != nil { return "public " }
        return has(.package) ? "package " : ""
    }
}
