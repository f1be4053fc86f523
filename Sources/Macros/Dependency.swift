import SwiftSyntax

/// What a controller needs from the app's services, as it needs it.
struct Dependency {
    let name: String
    /// What stands before the argument where the controller is made, nil for `_`.
    let label: String?
    let type: String
    /// True where only the file may see the type.
    let isPrivate: Bool

    private init(_ parameter: FunctionParameterSyntax, _ findings: inout Findings) throws(Rejection) {
        let form = parameter.ellipsis == nil ? parameter.type.unbindableForm : .variadic
        if let form {
            throw findings.reject(.cannotBeInjected(property: parameter.argumentName, form: form), at: parameter.type)
        }
        name = (parameter.secondName ?? parameter.firstName).unquotedText
        label = parameter.callLabel
        type = parameter.type.spelling
        isPrivate = false
    }

    private init(_ property: VariableDeclSyntax, _ token: TokenSyntax, _ type: TypeSyntax) {
        name = token.text
        label = token.text
        self.type = type.spelling
        isPrivate = property.modifiers.first(.private, .fileprivate) != nil
    }

    /// The parameters of an initializer that have no default.
    static func parameters(
        _ parameters: FunctionParameterListSyntax, _ findings: inout Findings
    ) throws(Rejection) -> [Dependency] {
        var dependencies: [Dependency] = []
        for parameter in parameters where parameter.defaultValue == nil {
            dependencies.append(try Dependency(parameter, &findings))
        }
        return dependencies
    }

    /// The stored properties that are left without a value.
    static func properties(
        of declaration: some DeclGroupSyntax, _ findings: inout Findings
    ) throws(Rejection) -> [Dependency] {
        var dependencies: [Dependency] = []
        for property in declaration.memberBlock.members.compactMap({ $0.decl.as(VariableDeclSyntax.self) }) {
            dependencies += try Self.dependencies(in: property, &findings)
        }
        return dependencies
    }

    /// The properties of one declaration that need a value; `let a, b: T` gives both the type.
    static func dependencies(
        in property: VariableDeclSyntax, _ findings: inout Findings
    ) throws(Rejection) -> [Dependency] {
        guard property.modifiers.first(.static, .class, .lazy) == nil else { return [] }
        var dependencies: [Dependency] = []
        var type: TypeSyntax?
        for binding in property.bindings.reversed() {
            type = binding.typeAnnotation?.type ?? type
            guard binding.initializer == nil, !binding.isComputed else { continue }
            guard let identifier = binding.pattern.as(IdentifierPatternSyntax.self)?.identifier else {
                throw findings.reject(.propertiesInPattern, at: binding.pattern)
            }
            // Without a type the compiler has its own error to give; a `var` that is optional begins as nil.
            guard let type, property.isLet || !type.isOptionalSugar else { continue }
            if let form = type.unbindableForm {
                throw findings.reject(.cannotBeInjected(property: identifier.unquotedText, form: form), at: type)
            }
            dependencies.append(Dependency(property, identifier, type))
        }
        return dependencies.reversed()
    }
}

extension VariableDeclSyntax {
    fileprivate var isLet: Bool { bindingSpecifier.tokenKind == .keyword(.let) }
}

extension PatternBindingSyntax {
    /// True with a getter; observers alone leave a property stored.
    fileprivate var isComputed: Bool {
        switch accessorBlock?.accessors {
        case .getter: true
        case .accessors(let accessors):
            !accessors.allSatisfy {
                [.keyword(.willSet), .keyword(.didSet)].contains($0.accessorSpecifier.tokenKind)
            }
        case nil: false
        }
    }
}

extension TypeSyntax {
    /// True for `T?` and `T!`, which the compiler makes nil where nothing else is said.
    fileprivate var isOptionalSugar: Bool {
        self.is(OptionalTypeSyntax.self) || self.is(ImplicitlyUnwrappedOptionalTypeSyntax.self)
    }
}
