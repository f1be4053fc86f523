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
}
