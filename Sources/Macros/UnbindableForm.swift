import SwiftSyntax

/// A form of type that no request can fill and no response can carry.
enum UnbindableForm: String {
    case inoutParameter = "inout"
    case variadic = "variadic"
    case isolated = "isolated"
    case closure = "a closure"
    case tuple = "a tuple"
    case metatype = "a metatype"
    case pack = "a parameter pack"
}

extension TypeSyntax {
    /// What keeps a value of the type from being bound; nil where only its conformances decide.
    var unbindableForm: UnbindableForm? {
        switch self.as(TypeSyntaxEnum.self) {
        case .functionType: .closure
        case .metatypeType: .metatype
        case .identifierType, .memberType: isVoid ? .tuple : nil
        case .someOrAnyType(let type): type.constraint.unbindableForm
        case .packElementType, .packExpansionType: .pack
        case .attributedType(let type):
            if type.hasSpecifier(.inout) {
                .inoutParameter
            } else if type.hasSpecifier(.isolated) {
                .isolated
            } else {
                type.attributes.isEmpty ? type.baseType.unbindableForm : .closure
            }
        case .tupleType(let type):
            type.elements.count == 1 ? type.elements.first?.type.unbindableForm : .tuple
        case .optionalType(let type): type.wrappedType.unbindableForm
        case .implicitlyUnwrappedOptionalType(let type): type.wrappedType.unbindableForm
        case .arrayType(let type): type.element.unbindableForm
        case .dictionaryType(let type): type.value.unbindableForm
        default: nil
        }
    }

    /// True for `some P` and all that holds one.
    var isOpaque: Bool { tokens(viewMode: .sourceAccurate).contains { $0.tokenKind == .keyword(.some) } }

    var isVoid: Bool {
        if let tuple = self.as(TupleTypeSyntax.self) { return tuple.elements.isEmpty }
        return ["Void", "Swift.Void"].contains(trimmedDescription)
    }

    /// The type as an expression of its own takes it: `(Int).self` and not `(sending Int).self`, `Int?` for `Int!`.
    var spelling: String {
        if let attributed = self.as(AttributedTypeSyntax.self) { return attributed.baseType.spelling }
        if let optional = self.as(ImplicitlyUnwrappedOptionalTypeSyntax.self) {
            return optional.wrappedType.spelling + "?"
        }
        return trimmedDescription
    }
}

extension AttributedTypeSyntax {
    func hasSpecifier(_ keyword: Keyword) -> Bool {
        specifiers.contains { specifier in
            guard case .simpleTypeSpecifier(let simple) = specifier else { return false }
            return simple.specifier.tokenKind == .keyword(keyword)
        }
    }
}
