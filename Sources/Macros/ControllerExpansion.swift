import SwiftSyntax
import SwiftSyntaxBuilder
import SwiftSyntaxMacros

/// The members that `@Controller` adds.
struct ControllerExpansion<Context: MacroExpansionContext> {
    let model: ControllerModel
    let context: Context

    var descriptor: DeclSyntax {
        """
        \(raw: access)nonisolated static let controllerDescriptor = MartletCore.ControllerDescriptor(
        name: \(literal: model.name),
        prefix: \(literal: model.prefix.description),
        documentation: \(raw: source(of: model.declaration.documentationText)),
        location: \(raw: location(of: model.type)),
        dependencies: \(raw: list(dependencies)),
        make: \(raw: make),
        actions: \(raw: list(actions))
        )
        """
    }

    /// Read by `CRegistry`: a version and a function that writes the type where it is told to.
    var record: DeclSyntax {
        """
        #if canImport(Darwin)
        @section("__DATA,martlet_ctl") @used
        #else
        @section("martlet_ctl") @used
        #endif
        private nonisolated static let __martletControllerRecord: (UInt64, @convention(c) (UnsafeMutableRawPointer?) -> Void) = (1, { out in
            out?.assumingMemoryBound(to: (any MartletCore.Controller.Type).self).initialize(to: \(raw: model.type.text).self)
        })
        """
    }

    var initializer: [DeclSyntax] { model.construction.generatedInitializer.map { ["\(raw: $0)"] } ?? [] }

    private var access: String {
        if model.declaration.modifiers.first(.public, .open) != nil { return "public " }
        return model.declaration.modifiers.has(.package) ? "package " : ""
    }

    private var dependencies: [String] {
        model.construction.dependencies.map { dependency in
            "MartletCore.ControllerDependency(\(source(of: dependency.name)), (\(dependency.type)).self)"
        }
    }

    private var make: String {
        let dependencies = model.construction.dependencies
        let arguments = dependencies.map { dependency in
            let label = dependency.label.map { "\($0): " } ?? ""
            return "\(label)try services.resolve((\(dependency.type)).self, \(source(of: dependency.name)))"
        }
        let call = "\(model.type.text)(\(arguments.joined(separator: ", ")))"
        return "{ \(dependencies.isEmpty ? "_" : "services") in \(model.construction.canThrow ? "try " : "")\(call) }"
    }

    private var actions: [String] {
        ActionDescriptors(actions: model.actions, controller: model.type.text, isExtension: false, context: context)
            .sources
    }

    private func location(of name: TokenSyntax) -> String { context.locationSource(of: name) }
}
