import MartletRouting
import SwiftDiagnostics
import SwiftSyntax

/// A path that leads to an action, with the verbs that do.
struct ActionRoute {
    private(set) var verbs: VerbSet
    let path: PathTemplate
    /// False where the path is under the controller's prefix.
    let isAbsolute: Bool
    /// The expression as it is written.
    let maxBodyBytes: String?
    /// The part of the source that asks for the route.
    let origin: Syntax
    /// The attribute that does, nil where the method's name alone does.
    let attribute: AttributeSyntax?

    /// The routes that attributes and name ask for; attributes that agree in all but the verb are one.
    static func routes(
        of function: FunctionDeclSyntax, parameters: [ActionParameterModel], prefix: PathTemplate,
        _ findings: inout Findings
    ) throws(Rejection) -> [ActionRoute] {
        let takesID = parameters.contains { $0.isFilled(by: "id") }
        let convention = RouteConvention(name: function.name.unquotedText, takesID: takesID)
        var routes: [ActionRoute] = []
        for attribute in function.attributes.verbs {
            let route = try ActionRoute(attribute, of: function, else: convention, prefix, &findings)
            let same = routes.firstIndex {
                $0.path == route.path && $0.isAbsolute == route.isAbsolute && $0.maxBodyBytes == route.maxBodyBytes
            }
            if let same {
                routes[same].verbs = routes[same].verbs.union(route.verbs)
            } else {
                routes.append(route)
            }
        }
        if routes.isEmpty {
            guard !convention.needsVerb else {
                let name = function.name.unquotedText
                throw findings.reject(
                    .verbNeeded(action: name), at: function.name, fixIts: FixIt.namingVerb(of: function))
            }
            routes = [try ActionRoute(convention, of: function, prefix, &findings)]
        }
        var isComplete = true
        for route in routes where !route.isFilled(by: parameters, of: function, &findings) { isComplete = false }
        guard isComplete else { throw Rejection() }
        return routes
    }

    /// What an attribute asks for; it may leave the path to the convention.
    private init(
        _ attribute: AttributeSyntax, of function: FunctionDeclSyntax, else convention: RouteConvention,
        _ prefix: PathTemplate, _ findings: inout Findings
    ) throws(Rejection) {
        verbs = VerbAttribute(rawValue: attribute.baseName)?.verbs ?? convention.verbs
        self.attribute = attribute
        maxBodyBytes = attribute.argument(labeled: "maxBodyBytes")?.trimmedDescription
        if let written = try attribute.literalText(&findings), let literal = attribute.firstArgument {
            path = try Self.template(written, at: literal, prefix, &findings)
            isAbsolute = written.hasPrefix("/")
            origin = Syntax(literal)
        } else {
            path = try Self.template(convention.path, at: function.name, prefix, &findings)
            isAbsolute = false
            origin = Syntax(attribute)
        }
    }

    private init(
        _ convention: RouteConvention, of function: FunctionDeclSyntax, _ prefix: PathTemplate,
        _ findings: inout Findings
    ) throws(Rejection) {
        verbs = convention.verbs
        path = try Self.template(convention.path, at: function.name, prefix, &findings)
        isAbsolute = false
        maxBodyBytes = nil
        attribute = nil
        origin = Syntax(function.name)
    }

    /// The complete template of a path, which is relative to the prefix unless it begins with a slash.
    private static func template(
        _ path: String, at node: some SyntaxProtocol, _ prefix: PathTemplate, _ findings: inout Findings
    ) throws(Rejection) -> PathTemplate {
        do {
            let template = try PathTemplate(path)
            return path.hasPrefix("/") ? template : try prefix.appending(template)
        } catch {
            throw findings.reject(
                .malformedPath(path: error.template, reason: error.reason), at: node,
                fixIts: FixIt.correcting(path, at: node))
        }
    }

    /// Whether each `{place}` of the path has a parameter that reads it; reports those that have none.
    private func isFilled(
        by parameters: [ActionParameterModel], of function: FunctionDeclSyntax, _ findings: inout Findings
    ) -> Bool {
        let unread = path.parameterNames.filter { place in !parameters.contains { $0.isFilled(by: place) } }
        for place in unread {
            if let source = parameters.first(where: { $0.isNamed(place) })?.source {
                findings.report(
                    .placeTakenFromElsewhere(place: place, path: path.description, source: source.baseName),
                    at: source, fixIts: [.removing(source)])
            } else {
                findings.report(
                    .placeWithoutParameter(place: place, path: path.description), at: origin,
                    fixIts: [.addingParameter(place, to: function)])
            }
        }
        return unread.isEmpty
    }
}
