import MartletRouting
import SwiftDiagnostics
import SwiftSyntax

/// A path that leads to an action, with the verbs that do.
struct ActionRoute {
    var verbs: VerbSet
    let path: PathTemplate
    /// The expression as it is written.
    let maxBodyBytes: String?
    /// The part of the source that asks for the route.
    let origin: Syntax

    /// The routes that attributes and name ask for; attributes that agree in all but the verb are one.
    static func routes(
        of function: FunctionDeclSyntax, name: String, parameters: [ActionParameterModel], prefix: PathTemplate,
        _ findings: inout Findings
    ) throws(Rejection) -> [ActionRoute] {
        let takesID = parameters.contains { $0.name == "id" && $0.source == nil }
        let convention = RouteConvention(name: name, takesID: takesID)
        var routes: [ActionRoute] = []
        for attribute in function.attributes.verbs {
            guard let verbs = VerbAttribute(rawValue: attribute.baseName)?.verbs else { continue }
            let written = try attribute.literalText(&findings)
            let origin = written.flatMap { _ in attribute.firstArgument }.map(Syntax.init)
            let route = ActionRoute(
                verbs: verbs,
                path: try template(written ?? convention.path, at: origin ?? Syntax(function.name), prefix: prefix, &findings),
                maxBodyBytes: attribute.argument(labeled: "maxBodyBytes")?.trimmedDescription,
                origin: origin ?? Syntax(attribute))
            if let same = routes.firstIndex(where: { $0.path == route.path && $0.maxBodyBytes == route.maxBodyBytes }) {
                routes[same].verbs = routes[same].verbs.union(route.verbs)
            } else {
                routes.append(route)
            }
        }
        if function.attributes.verbs.isEmpty {
            let path = try template(convention.path, at: function.name, prefix: prefix, &findings)
            routes = [ActionRoute(verbs: convention.verbs, path: path, maxBodyBytes: nil, origin: Syntax(function.name))]
        }
        var isComplete = true
        for route in routes where !route.isFilled(by: parameters, of: function, &findings) { isComplete = false }
        guard isComplete else { throw Rejection() }
        return routes
    }

    /// The complete template of a path, which is relative to the prefix unless it begins with a slash.
    private static func template(
        _ path: String, at node: some SyntaxProtocol, prefix: PathTemplate, _ findings: inout Findings
    ) throws(Rejection) -> PathTemplate {
        do {
            let template = try PathTemplate(path)
            return path.hasPrefix("/") ? template : try prefix.appending(template)
        } catch {
            throw findings.reject(.malformedPath(path: error.template, reason: error.reason), at: node)
        }
    }

    /// Whether each `{place}` of the path has a parameter that reads it; reports those that have none.
    private func isFilled(
        by parameters: [ActionParameterModel], of function: FunctionDeclSyntax, _ findings: inout Findings
    ) -> Bool {
        let unread = path.parameterNames.filter { place in !parameters.contains { $0.isFilled(by: place) } }
        for place in unread {
            if let source = parameters.first(where: { $0.syntax.argumentName == place })?.source {
                findings.report(
                    .placeTakenFromElsewhere(place: place, source: source.baseName), at: source,
                    fixIts: [.removing(source)])
            } else {
                findings.report(
                    .placeWithoutParameter(place: place, path: path.description), at: origin,
                    fixIts: [.addingParameter(place, to: function)])
            }
        }
        return unread.isEmpty
    }
}
