import MartletRouting

/// A controller at a place of the app's choice.
struct Mount: Sendable {
    let type: any Controller.Type
    /// nil where it is made from the app's services.
    let instance: (any Controller)?
    /// In place of the controller's own.
    let prefix: String?
    let attributes: [RouteAttribute]

    init(
        _ type: any Controller.Type, _ instance: (any Controller)?, at prefix: String?,
        _ policy: AuthorizationPolicy?, _ middleware: [any Middleware], _ marks: [any Sendable]
    ) {
        self.type = type
        self.instance = instance
        self.prefix = prefix
        attributes =
            (policy.map { [RouteAttribute.authorize(policy: $0, source: "")] } ?? [])
            + middleware.map { RouteAttribute.use($0, "@Use(\(Swift.type(of: $0)))") }
            + marks.map { RouteAttribute.mark($0, "@Mark(\($0))") }
    }

    /// Where a controller is found, and nobody has put it elsewhere.
    init(found type: any Controller.Type) { self.init(type, nil, at: nil, nil, [], []) }

    /// The path of an action there.
    ///
    /// - Parameter path: complete, under the controller's own prefix.
    /// - Throws: `StartupError` for a prefix that is none.
    func path(_ path: String) throws -> String {
        do {
            _ = try prefix.map { try PathTemplate($0) }
        } catch {
            throw StartupError(
                "\(type) cannot be mounted at '\(prefix ?? "")': \((error as? PathTemplateError)?.reason ?? "").")
        }
        return place.path(path)
    }

    var place: MountedPath { MountedPath(own: type.controllerDescriptor.prefix, prefix: prefix) }
}
