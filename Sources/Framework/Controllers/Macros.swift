/// Makes a type's methods the actions of a controller, found at start-up with nothing to register.
///
/// - Parameters:
///   - prefix: the path before those of its actions; by default the type's name, `UserProfileController` being
///     `/user-profile` and `HomeController` the root.
///   - isDiscovered: false for a controller that an app mounts (`app.mount`), and that is not routed by itself. It may
///     have properties of any kind.
@attached(
    member, names: named(controllerDescriptor), named(__martletControllerRecord), named(init), named(Links),
    named(links))
@attached(extension, conformances: Controller)
public macro Controller(_ prefix: String? = nil, isDiscovered: Bool = true) =
    #externalMacro(module: "MartletMacros", type: "ControllerMacro")

/// Makes the methods of a controller's extension actions, too, as if they stood in the type.
///
///     @Actions extension BookController {
///         /// GET /book/newest
///         func newest() -> [Book] { … }
///     }
///
/// A macro sees the declaration that it stands on and no other, so an extension without it adds no actions.
@attached(member, names: arbitrary)
public macro Actions() = #externalMacro(module: "MartletMacros", type: "ActionsMacro")

/// Routes GET (and with it HEAD) to a method; a path is relative to the controller's unless it begins with a slash.
/// `maxBodyBytes` is the most bytes of a body that the action takes, in place of the application's limit.
@attached(peer)
public macro GET(_ path: String? = nil, maxBodyBytes: Int? = nil) =
    #externalMacro(module: "MartletMacros", type: "RouteMacro")

/// Routes POST to a method.
@attached(peer)
public macro POST(_ path: String? = nil, maxBodyBytes: Int? = nil) =
    #externalMacro(module: "MartletMacros", type: "RouteMacro")

/// Routes PUT to a method.
@attached(peer)
public macro PUT(_ path: String? = nil, maxBodyBytes: Int? = nil) =
    #externalMacro(module: "MartletMacros", type: "RouteMacro")

/// Routes PATCH to a method.
@attached(peer)
public macro PATCH(_ path: String? = nil, maxBodyBytes: Int? = nil) =
    #externalMacro(module: "MartletMacros", type: "RouteMacro")

/// Routes DELETE to a method.
@attached(peer)
public macro DELETE(_ path: String? = nil, maxBodyBytes: Int? = nil) =
    #externalMacro(module: "MartletMacros", type: "RouteMacro")

/// Routes HEAD to a method, where it is not to follow GET.
@attached(peer)
public macro HEAD(_ path: String? = nil, maxBodyBytes: Int? = nil) =
    #externalMacro(module: "MartletMacros", type: "RouteMacro")

/// Routes OPTIONS to a method, in place of the answer with `Allow`.
@attached(peer)
public macro OPTIONS(_ path: String? = nil, maxBodyBytes: Int? = nil) =
    #externalMacro(module: "MartletMacros", type: "RouteMacro")

/// Routes every method to this one.
@attached(peer)
public macro ANY(_ path: String? = nil, maxBodyBytes: Int? = nil) =
    #externalMacro(module: "MartletMacros", type: "RouteMacro")

/// Keeps a method of a controller from being an action.
@attached(peer)
public macro NotAction() = #externalMacro(module: "MartletMacros", type: "NotActionMacro")

/// Runs a synchronous action on the thread pool, so that what blocks in it does not block an event loop.
@attached(peer)
public macro Blocking() = #externalMacro(module: "MartletMacros", type: "BlockingMacro")

/// Wraps an action, or all actions of a controller, in middleware, the first outermost.
///
///     @Use(RateLimit(perMinute: 10)) @POST func logIn(name: String, password: String) …
///
/// The app's middleware stands outside all of it; that of the controller's `@Use`, of its `middleware` property and of the
/// action's `@Use` follow in this order. The value is made once, when the app starts.
@attached(peer)
public macro Use(_ middleware: any Middleware...) = #externalMacro(module: "MartletMacros", type: "AttributeMacro")

/// The same for middleware that is made from the app's services: `@Use(Auth.self)`.
@attached(peer)
public macro Use(_ types: any (Middleware & Injectable).Type...) =
    #externalMacro(module: "MartletMacros", type: "AttributeMacro")

/// Puts values of any kind on an action, or on all actions of a controller, for middleware and tools to read:
/// `ctx.route?.mark(Audited.self)`.
///
///     @Mark(Audited("orders")) @DELETE func delete(id: Int) …
@attached(peer)
public macro Mark(_ values: any Sendable...) = #externalMacro(module: "MartletMacros", type: "AttributeMacro")

/// Lets every user call an action, or all actions of a controller, and nobody else; see ``AuthorizationPolicy``.
///
/// What stands on the controller and on the action must both allow it.
@attached(peer)
public macro Authorize() = #externalMacro(module: "MartletMacros", type: "AttributeMacro")

/// Lets users who have one of these roles call an action, or all actions of a controller.
@attached(peer)
public macro Authorize(roles: String...) = #externalMacro(module: "MartletMacros", type: "AttributeMacro")

/// Lets those call an action, or all actions of a controller, whom a policy allows it.
///
///     @Authorize(policy: .role("admin") || .scope("orders:write")) @DELETE func delete(id: Int) …
@attached(peer)
public macro Authorize(policy: AuthorizationPolicy) = #externalMacro(module: "MartletMacros", type: "AttributeMacro")

/// Lets everyone call an action, or all actions of a controller, whatever stands around it: the controller's `@Authorize`, or
/// the app's `app.authorization.fallback`.
@attached(peer)
public macro AllowAnonymous() = #externalMacro(module: "MartletMacros", type: "AttributeMacro")

/// Has a type made from the app's services, as controllers are: each stored property without a value, or each parameter of
/// its initializer without a default, is given the service of its type.
///
///     @Injectable struct Auth: Middleware {
///         let users: any UserStore
///         …
///     }
///
///     app.use(Auth.self)
@attached(member, names: named(make), named(init))
@attached(extension, conformances: Injectable)
public macro Injectable() = #externalMacro(module: "MartletMacros", type: "InjectableMacro")
