import MartletRouting

/// Every route of the application, made at start-up: binds each action, and finds what cannot work together.
struct RouteTable: Sendable {
    private(set) var routes: [Route] = []
    private(set) var controllerMiddleware: [any Middleware] = []
    private(set) var trie = RouteTrie<MethodTable>()

    /// - Throws: `StartupError` listing everything that is wrong with the controllers and routes.
    init(_ configuration: AppBuilder, services: ServiceRegistry) throws {
        var problems: [String] = []
        var controllers: [(descriptor: ControllerDescriptor, instance: any Controller)] = []
        let resolver = ServiceResolver(registry: services, scope: nil)
        for type in configuration.controllerTypes {
            let descriptor = type.controllerDescriptor
            do {
                controllers.append((descriptor, try descriptor.make(resolver.owned(by: descriptor.location))))
            } catch {
                problems.append("\(StartupError(making: "controller \(type)", at: descriptor.location, error))")
            }
        }
        let extensionActions = Discovery.extensionActions()
        for (descriptor, controller) in controllers {
            controllerMiddleware += controller.middleware
            for action in descriptor.actions + extensionActions[ObjectIdentifier(type(of: controller)), default: []] {
                collect(&problems) {
                    try add(
                        action, of: descriptor, controller, verbs: action.verbs, path: action.path, configuration)
                }
            }
        }
        for named in configuration.namedRoutes {
            let target = controllers.lazy.flatMap { pair in
                (pair.descriptor.actions + extensionActions[ObjectIdentifier(type(of: pair.instance)), default: []])
                    .map { (pair, $0) }
            }
            .first { "\($0.0.descriptor.name)@\($0.1.name)" == named.target }
            guard let ((descriptor, controller), action) = target else {
                let names = routes.map(\.name)
                let hint = NameSuggestion.nearest(to: named.target, in: names).map { " Did you mean '\($0)'?" } ?? ""
                problems.append("The route \(named.path) leads to '\(named.target)', which does not exist.\(hint)")
                continue
            }
            collect(&problems) {
                try add(action, of: descriptor, controller, verbs: named.verbs, path: named.path, configuration)
            }
        }
        guard problems.isEmpty else { throw StartupError(problems.joined(separator: "\n")) }
    }

    private mutating func add(
        _ action: ActionDescriptor, of descriptor: ControllerDescriptor, _ controller: any Controller, verbs: Verbs,
        path: String, _ configuration: AppBuilder
    ) throws {
        let template: PathTemplate
        do {
            template = try PathTemplate(path)
        } catch {
            throw StartupError("The path '\(path)' of \(action.location) is malformed: \(error.reason).")
        }
        let name = "\(descriptor.name)@\(action.name)"
        var binder = ActionBinder(
            action: action, name: name, template: template, verbs: verbs, services: configuration.services)
        let handler = try action.bind(controller, &binder)
        if let first = binder.problems.first { throw StartupError(first) }
        let endpoint = ActionEndpoint(handler: handler, bodyUse: binder.bodyUse, inquiry: binder.inquiry)
        let route = Route(
            name: name, verbs: verbs, path: template.description, action: action,
            template: template, bodyUse: binder.bodyUse,
            chain: (configuration.middleware + controller.middleware).wrapped(around: endpoint))
        try trie.insert(template) { table throws(StartupError) in
            var changed = table ?? MethodTable()
            try changed.add(route)
            table = changed
        }
        routes.append(route)
    }
}

private func collect(_ problems: inout [String], _ work: () throws -> Void) {
    do {
        try work()
    } catch {
        problems.append("\(error)")
    }
}
