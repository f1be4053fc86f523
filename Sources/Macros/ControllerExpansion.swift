import SwiftSyntax
import SwiftSyntaxBuilder
import SwiftSyntaxMacros

/// The members that `@Controller` adds.
struct ControllerExpansion<Context: MacroExpansionContext> {
    let model: ControllerModel
    let context: Context

    var descriptor: DeclSyntax {
        """
        \(raw: model.declaration.modifiers.accessOfMember)nonisolated static let controllerDescriptor = MartletCore.ControllerDescriptor(
        name: \(literal: model.name),
        prefix: \(literal: model.prefix.description),
        documentation: \(raw: source(of: model.declaration.documentationText)),
        location: \(raw: location(of: model.type)),
        dependencies: \(raw: list(dependencies)),
        attributes: \(raw: list(model.declaration.attributes.routeAttributes)),
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

    var initializer: [DeclSyntax] { model.construction?.generatedInitializer.map { ["\(raw: $0)"] } ?? [] }

    private var dependencies: [String] {
        (model.construction?.dependencies ?? []).map { dependency in
            "MartletCore.ControllerDependency(\(source(of: dependency.name)), (\(dependency.type)).self)"
        }
    }

    private var make: String {
        guard let construction = model.construction else {
            let name = model.type.unquotedText
            let hint = "\(name) is made by the app and not from services: app.mount(\(name)(…))."
            return "{ _ in throw MartletCore.StartupError(\(source(of: hint))) }"
        }
        let isBare = construction.dependencies.isEmpty
        return "{ \(isBare ? "_" : "services") in \(construction.call(model.type.text)) }"
    }

    private var actions: [String] {
        ActionDescriptors(actions: model.actions, controller: model.type.text, isExtension: false, context: context)
            .sources
    }

    private func location(of name: TokenSyntax) -> String { context.locationSource(of: name) }
}
