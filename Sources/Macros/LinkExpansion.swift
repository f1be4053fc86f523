import MartletRouting
import SwiftSyntax

/// The links to a controller's actions: a function for each, with the parameters that stand in its path and query.
struct LinkExpansion {
    let model: ControllerModel

    var declarations: [DeclSyntax] {
        // The author's own have the names.
        guard !model.declaration.declares("Links"), !model.declaration.hasStatic("links") else { return [] }
        let access = model.declaration.modifiers.accessOfMember
        return [
            """
            /// The links to the actions.
            \(raw: access)nonisolated struct Links: MartletCore.ControllerLinks {
            private let __martletMount: MartletCore.MountedPath
            \(raw: access)init(at mount: MartletCore.MountedPath) { __martletMount = mount }
            \(raw: functions.joined(separator: "\n"))
            }
            """,
            """
            /// The links to the actions, where the controller is by itself.
            \(raw: access)nonisolated static var links: Links { Links(at: MartletCore.MountedPath(own: \(literal: model.prefix.description))) }
            """,
        ]
    }

    private var functions: [String] {
        var seen: Set<String> = []
        return model.actions.compactMap { action in
            guard let route = action.routes.first else { return nil }
            let parameters = action.parameters.compactMap { LinkParameter($0, on: route) }
            let signature = parameters.map(\.declaration).joined(separator: ", ")
            let name = action.function.name.text
            guard seen.insert("\(name)(\(signature))").inserted else { return nil }
            let access = action.function.modifiers.first(.public, .open) != nil ? "public " : ""
            let path = parameters.filter(\.isInPath).map(\.value).joined(separator: ", ")
            let query = parameters.filter { !$0.isInPath }.map(\.value).joined(separator: ", ")
            let template = source(of: route.path.description)
            return """
                /// `\(route.path.description)`
                \(access)func \(name)(\(signature)) -> MartletCore.Link {
                MartletCore.Link(\(template), at: __martletMount, path: [\(path)], query: [\(query)])
                }
                """
        }
    }
}

/// A parameter of an action that its address has.
private struct LinkParameter {
    let isInPath: Bool
    let declaration: String
    /// Its name on the wire, and the value.
    let value: String

    /// nil for one that comes from elsewhere: the body, a header, a service.
    init?(_ parameter: ActionParameterModel, on route: ActionRoute) {
        isInPath = route.path.parameterNames.contains { parameter.isFilled(by: $0) }
        switch parameter.source?.baseName {
        case "Query": break
        case nil where isInPath: break
        case nil where route.verbs.readsQuery && parameter.isPlain: break
        default: return nil
        }
        let name = "`\(parameter.syntax.argumentName)`"
        let type = parameter.type
        let isOptional = parameter.syntax.type.is(OptionalTypeSyntax.self)
        declaration =
            if isOptional {
                "\(name): \(type) = nil"
            } else if parameter.defaultValue != nil {
                "\(name): (\(type))? = nil"
            } else {
                "\(name): \(type)"
            }
        value = "(\(source(of: parameter.name)), \(name))"
    }
}

extension VerbSet {
    /// True where the fields of a request are in its query.
    fileprivate var readsQuery: Bool {
        guard case .only(let verbs) = self else { return false }
        return verbs.allSatisfy { ["get", "head", "delete"].contains($0) }
    }
}

extension ActionParameterModel {
    /// True for the types that are read from one field whatever the app registers: of another the source does not tell whether
    /// it is a service.
    fileprivate var isPlain: Bool {
        var type = syntax.type
        if let optional = type.as(OptionalTypeSyntax.self) { type = optional.wrappedType }
        if let array = type.as(ArrayTypeSyntax.self) { type = array.element }
        return Self.plainTypes.contains(type.trimmedDescription)
    }

    private static let plainTypes: Set<String> = [
        "String", "Bool", "Int", "Int8", "Int16", "Int32", "Int64", "UInt", "UInt8", "UInt16", "UInt32", "UInt64",
        "Double",
        "Float", "Decimal", "UUID", "Date", "URL",
    ]
}

extension DeclGroupSyntax {
    /// True where a type of that name stands among the members.
    fileprivate func declares(_ name: String) -> Bool {
        memberBlock.members.contains { member in
            let isType =
                member.decl.is(StructDeclSyntax.self) || member.decl.is(EnumDeclSyntax.self)
                || member.decl.is(ClassDeclSyntax.self) || member.decl.is(TypeAliasDeclSyntax.self)
                || member.decl.is(ActorDeclSyntax.self)
            return isType && member.decl.asProtocol((any NamedDeclSyntax).self)?.name.unquotedText == name
        }
    }

    /// True where a static property or method of that name stands among the members.
    fileprivate func hasStatic(_ name: String) -> Bool {
        memberBlock.members.contains { member in
            if let function = member.decl.as(FunctionDeclSyntax.self) {
                return function.modifiers.first(.static, .class) != nil && function.name.unquotedText == name
            }
            guard let variable = member.decl.as(VariableDeclSyntax.self),
                variable.modifiers.first(.static, .class) != nil
            else { return false }
            return variable.bindings.contains {
                $0.pattern.as(IdentifierPatternSyntax.self)?.identifier.unquotedText == name
            }
        }
    }
}
