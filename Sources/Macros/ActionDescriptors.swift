import SwiftSyntax
import SwiftSyntaxMacros

/// The code that describes actions, one descriptor for each route.
struct ActionDescriptors<Context: MacroExpansionContext> {
    let actions: [Action]
    /// The controller's type.
    let controller: String
    /// True where the controller's prefix is not seen.
    let isExtension: Bool
    let context: Context

    var sources: [String] {
        actions.flatMap { action in
            action.routes.map { route in
                """
                MartletCore.ActionDescriptor(
                name: \(source(of: action.name)),
                verbs: \(route.verbs.source),
                path: \(path(of: route)),
                documentation: \(source(of: action.function.documentationText)),
                location: \(context.locationSource(of: action.function.name)),
                maxBodyBytes: \(route.maxBodyBytes ?? "nil"),
                blocking: \(action.isBlocking),
                attributes: \(list(action.function.attributes.routeAttributes)),
                parameters: \(list(action.parameters.map(\.descriptor))),
                result: \(action.result.descriptor),
                bind: \(ActionCall(action: action, controller: controller).source)
                )
                """
            }
        }
    }

    private func path(of route: ActionRoute) -> String {
        let literal = source(of: route.path.description)
        guard isExtension, !route.isAbsolute else { return literal }
        return "MartletCore.ControllerActions.path(\(literal), under: \(controller).self)"
    }
}

extension MacroExpansionContext {
    /// The code for the place of a name.
    func locationSource(of name: TokenSyntax) -> String {
        let place = location(of: name, at: .afterLeadingTrivia, filePathMode: .fileID)
        return "MartletCore.CodeLocation(fileID: \(place?.file ?? "#fileID"), line: \(place?.line ?? "#line"))"
    }
}
