import MartletRouting

/// Every route of the application, made at start-up: binds each action, and finds what cannot work together.
struct RouteTable {
    private(set) var routes: [Route] = []
    /// Of the controllers and actions.
    private(set) var middleware: [any Middleware] = []
    private(set) var trie = RouteTrie<MethodTable>()
    private let appMiddleware: [any Middleware]
    private let factory: MiddlewareFactory
    private let services: ServiceContainer
    private let fallback: AuthorizationPolicy?

    /// A controller that is made, at its place.
    private struct Mounted {
        let mount: Mount
        let descriptor: ControllerDescriptor
        let controller: any Controller
        let actions: [ActionDescriptor]
        /// Around all its actions, the outermost first.
        let middleware: [any Middleware]
    }

    /// - Throws: `StartupError` listing everything that is wrong with the controllers and routes.
    init(
        _ configuration: AppBuilder, middleware: [any Middleware], _ factory: MiddlewareFactory,
        services: ServiceRegistry
    ) throws {
        appMiddleware = middleware
        self.factory = factory
        self.services = configuration.services
        fallback = configuration.authorization.fallback
        let resolver = ServiceResolver(registry: services, scope: nil)
        var problems: [String] = []
        let mounted = configuration.placedControllers.compactMap { mount in
            collect(&problems) { try Self.make(mount, factory, resolver) }
        }
        for place in mounted {
            self.middleware += place.middleware
            for action in place.actions {
                collect(&problems) {
                    try add(action, of: place, verbs: action.verbs, path: try place.mount.path(action.path))
                }
            }
        }
        for named in configuration.namedRoutes {
            let targets = mounted.lazy.flatMap { place in place.actions.map { (place, $0) } }
            guard let (place, action) = targets.first(where: { "\($0.descriptor.name)@\($1.name)" == named.target })
            else {
                let names = routes.map(\.name)
                let hint = NameSuggestion.nearest(to: named.target, in: names).map { " Did you mean '\($0)'?" } ?? ""
                problems.append("The route \(named.path) leads to '\(named.target)', which does not exist.\(hint)")
                continue
            }
            collect(&problems) { try add(action, of: place, verbs: named.verbs, path: named.path) }
        }
        guard problems.isEmpty else { throw StartupError(problems.joined(separator: "\n")) }
    }

    private static func make(
        _ mount: Mount, _ factory: MiddlewareFactory, _ services: ServiceResolver
    ) throws -> Mounted {
        let descriptor = mount.type.controllerDescriptor
        do {
            let controller = try mount.instance ?? descriptor.make(services.owned(by: descriptor.location))
            let attributes = mount.attributes + descriptor.attributes
            return Mounted(
                mount: mount, descriptor: descriptor, controller: controller,
                actions: descriptor.actions + Discovery.extensionActions(of: mount.type),
                middleware: try factory.make(attributes.middleware) + factory.own(controller.middleware))
        } catch {
            throw StartupError(making: "controller \(mount.type)", at: descriptor.location, error)
        }
    }

    private mutating func add(
        _ action: ActionDescriptor, of place: Mounted, verbs: Verbs, path: String
    ) throws {
        let template: PathTemplate
        do {
            template = try PathTemplate(path)
        } catch {
            throw StartupError("The path '\(path)' of \(action.location) is malformed: \(error.reason).")
        }
        let name = "\(place.descriptor.name)@\(action.name)"
        var binder = ActionBinder(action: action, name: name, template: template, verbs: verbs, services: services)
        let handler = try action.bind(place.controller, &binder)
        if let first = binder.problems.first { throw StartupError(first) }
        let own = try factory.make(action.attributes.middleware)
        middleware += own
        let access = Access(
            mount: place.mount.attributes, controller: place.descriptor.attributes, action: action.attributes,
            fallback: fallback)
        // Who takes a user asks for one, before the body is read.
        let policy = access.policy ?? (binder.asksForUser ? .authenticated : nil)
        try check(policy, of: action, name, template)
        // Inside what the route has in place of the app's, so that a refusal gets what that adds.
        let gate = policy.map { [AuthorizationGate(policy: $0)] } ?? []
        let (chain, appCount) = appMiddleware.joined(with: gate + place.middleware + own)
        try chain.checkPlaces(appCount: appCount, around: "\(name) (\(action.location))")
        let endpoint = ActionEndpoint(
            handler: handler, bodyUse: binder.bodyUse, preparations: binder.preparations, inquiry: binder.inquiry)
        let route = Route(
            name: name, verbs: verbs, path: template.description, action: action,
            attributes: place.mount.attributes + place.descriptor.attributes + action.attributes,
            policy: policy, template: template, bodyUse: binder.bodyUse, chain: chain.wrapped(around: endpoint),
            preflight: appMiddleware.preflight(of: chain, appCount: appCount, own: place.middleware + own))
        try trie.insert(template) { table throws(StartupError) in
            var changed = table ?? MethodTable()
            try changed.add(route)
            table = changed
        }
        routes.append(route)
    }

    /// - Throws: `StartupError` for a policy that can never be met here.
    private func check(
        _ policy: AuthorizationPolicy?, of action: ActionDescriptor, _ name: String, _ template: PathTemplate
    ) throws {
        guard let policy else { return }
        guard appMiddleware.contains(where: { $0 is any AuthenticatingMiddleware }) else {
            throw StartupError.noAuthentication(
                "\(name) (\(action.location))", asksFor: policy.description)
        }
        if let place = policy.places.first(where: { !template.parameterNames.contains($0) }) {
            throw StartupError(
                """
                The policy '\(policy)' of \(name) (\(action.location)) reads {\(place)}, which is not in \
                \(template).
                """)
        }
    }
}

extension AppBuilder {
    /// Those that were found, but for those that were mounted, and these.
    fileprivate var placedControllers: [Mount] {
        let mounted = Set(mounts.map { ObjectIdentifier($0.type) })
        return controllerTypes.filter { !mounted.contains(ObjectIdentifier($0)) }.map(Mount.init(found:)) + mounts
    }
}

@discardableResult
private func collect<Result>(_ problems: inout [String], _ work: () throws -> Result) -> Result? {
    do {
        return try work()
    } catch {
        problems.append("\(error)")
        return nil
    }
}
