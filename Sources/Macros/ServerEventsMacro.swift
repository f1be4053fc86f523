import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxBuilder
import SwiftSyntaxMacros

/// `@ServerEvents`: writes down how the cases of an enum are events on the wire.
struct ServerEventsMacro: ExtensionMacro {
    static func expansion(
        of node: AttributeSyntax, attachedTo declaration: some DeclGroupSyntax,
        providingExtensionsOf type: some TypeSyntaxProtocol, conformingTo protocols: [TypeSyntax],
        in context: some MacroExpansionContext
    ) throws -> [ExtensionDeclSyntax] {
        var problems: [Diagnostic] = []
        let events = ServerEventCase.cases(of: declaration, attribute: node, &problems)
        for problem in problems { context.diagnose(problem) }
        guard problems.isEmpty else { return [] }
        let isPublic = declaration.modifiers.first(.public, .open) != nil
        let access = isPublic ? "public " : declaration.modifiers.has(.package) ? "package " : ""
        return [
            try ExtensionDeclSyntax(
                """
                extension \(type.trimmed): MartletEventStream.ServerEvents {
                \(raw: access)static var eventSchemas: [MartletEventStream.ServerEventSchema] {
                \(raw: list(events.map(\.schema)))
                }

                \(raw: access)var eventName: String {
                switch self {
                \(raw: events.map(\.naming).joined(separator: "\n"))
                }
                }

                \(raw: access)func encodePayload(to encoder: any Encoder) throws {
                switch self {
                \(raw: events.map(\.encoding).joined(separator: "\n"))
                }
                }

                \(raw: access)init(eventName: String, from decoder: any Decoder) throws {
                switch eventName {
                \(raw: events.map(\.decoding).joined(separator: "\n"))
                default: throw MartletEventStream.UnknownServerEventError(eventName)
                }
                }
                }
                """)
        ]
    }
}

/// A case of the enum, read from its source.
private struct ServerEventCase {
    /// As it stands in the source, perhaps in backticks.
    let identifier: String
    let name: String
    let documentation: String?
    let payload: Payload

    enum Payload {
        case none
        case value(type: String)
        case fields([(name: String, type: String, isOptional: Bool)])
    }

    static func cases(
        of declaration: some DeclGroupSyntax, attribute: AttributeSyntax, _ problems: inout [Diagnostic]
    ) -> [ServerEventCase] {
        guard declaration.is(EnumDeclSyntax.self) else {
            problems.append(Diagnostic(node: attribute, message: ServerEventsDiagnostic.notAnEnum))
            return []
        }
        let members = declaration.memberBlock.members
        let declarations = members.compactMap { $0.decl.as(EnumCaseDeclSyntax.self) }
        if declarations.isEmpty {
            problems.append(Diagnostic(node: attribute, message: ServerEventsDiagnostic.noCases))
        }
        for member in members where member.decl.is(IfConfigDeclSyntax.self) {
            problems.append(Diagnostic(node: member.decl, message: ServerEventsDiagnostic.conditional))
        }
        var cases: [ServerEventCase] = []
        for declaration in declarations {
            for element in declaration.elements {
                guard let payload = payload(of: element, &problems) else { continue }
                let name = element.name.unquotedText
                if cases.contains(where: { $0.name == name }) {
                    problems.append(
                        Diagnostic(node: element.name, message: ServerEventsDiagnostic.nameTwice(name)))
                }
                cases.append(
                    ServerEventCase(
                        identifier: element.name.text, name: name, documentation: declaration.documentationText,
                        payload: payload))
            }
        }
        return cases
    }

    private static func payload(of element: EnumCaseElementSyntax, _ problems: inout [Diagnostic]) -> Payload? {
        let parameters = element.parameterClause.map { Array($0.parameters) } ?? []
        let labels = parameters.map { $0.firstName.map(\.unquotedText) }
        if parameters.isEmpty { return Payload.none }
        if parameters.count == 1, labels[0] == nil || labels[0] == "_" {
            return .value(type: parameters[0].type.trimmedDescription)
        }
        guard let bare = zip(parameters, labels).first(where: { $1 == nil || $1 == "_" })?.0 else {
            return .fields(
                zip(parameters, labels).map { parameter, label in
                    let optional = parameter.type.as(OptionalTypeSyntax.self)
                    let type = optional?.wrappedType.trimmedDescription ?? parameter.type.trimmedDescription
                    return (label ?? "", type, optional != nil)
                })
        }
        problems.append(
            Diagnostic(node: bare, message: ServerEventsDiagnostic.valueWithoutLabel(element.name.unquotedText)))
        return nil
    }

    // MARK: - What is written

    var schema: String {
        let payload =
            switch payload {
            case .none: ".fields([])"
            case .value(let type): ".value((\(type)).self)"
            case .fields(let fields):
                ".fields("
                    + list(
                        fields.map { field in
                            "MartletEventStream.ServerEventSchema.Field"
                                + "(\(source(of: field.name)), (\(field.type)\(field.isOptional ? "?" : "")).self)"
                        }) + ")"
            }
        return """
            MartletEventStream.ServerEventSchema(
            \(source(of: name)), documentation: \(source(of: documentation)), payload: \(payload))
            """
    }

    var naming: String { "case .\(identifier): \(source(of: name))" }

    var encoding: String {
        switch payload {
        case .none:
            """
            case .\(identifier):
            _ = encoder.container(keyedBy: MartletEventStream.ServerEventKey.self)
            """
        case .value:
            """
            case .\(identifier)(let value):
            try value.encode(to: encoder)
            """
        case .fields(let fields):
            """
            case .\(identifier)(\(fields.indices.map { "let value\($0)" }.joined(separator: ", "))):
            var fields = encoder.container(keyedBy: MartletEventStream.ServerEventKey.self)
            \(fields.enumerated().map { index, field in
                "try fields.encode(value\(index), forKey: \(source(of: field.name)))"
            }.joined(separator: "\n"))
            """
        }
    }

    var decoding: String {
        switch payload {
        case .none:
            "case \(source(of: name)): self = .\(identifier)"
        case .value(let type):
            "case \(source(of: name)): self = .\(identifier)(try (\(type))(from: decoder))"
        case .fields(let fields):
            """
            case \(source(of: name)):
            let fields = try decoder.container(keyedBy: MartletEventStream.ServerEventKey.self)
            self = .\(identifier)(
            \(fields.map { field in
                "\(field.name): try fields.decode\(field.isOptional ? "IfPresent" : "")"
                    + "((\(field.type)).self, forKey: \(source(of: field.name)))"
            }.joined(separator: ",\n")))
            """
        }
    }
}

/// The ways to get a family of events wrong.
enum ServerEventsDiagnostic: DiagnosticMessage {
    case notAnEnum
    case noCases
    case conditional
    case valueWithoutLabel(String)
    case nameTwice(String)

    var severity: DiagnosticSeverity { .error }
    var diagnosticID: MessageID { MessageID(domain: "Martlet", id: entry.id) }
    var message: String { entry.text }

    private var entry: (id: String, text: String) {
        switch self {
        case .notAnEnum: ("events-not-an-enum", "'@ServerEvents' is for an enum")
        case .noCases: ("events-without-cases", "'@ServerEvents' needs a case for each event")
        case .conditional:
            ("events-conditional", "a case cannot stand inside '#if', which '@ServerEvents' does not evaluate")
        case .valueWithoutLabel(let name):
            (
                "event-value-without-label",
                "the values of '\(name)' need labels, which are their names in the JSON object"
            )
        case .nameTwice(let name):
            ("event-name-twice", "two cases are named '\(name)', which is the event's type on the wire")
        }
    }
}
