import SwiftDiagnostics

/// The table of misuse: each way to get a controller wrong, and what its author is told.
enum ControllerDiagnostic: DiagnosticMessage {
    // The type.
    case notAController(kind: String)
    case genericController(name: String)

    // An action.
    case genericAction(action: String)
    case mutatingAction(action: String)
    case conditionalMember(member: String)
    case parameterCannotBeBound(parameter: String, form: UnbindableForm)
    case resultCannotBeSent(action: String, form: UnbindableForm)
    case twoSources(parameter: String, first: String, second: String)

    // A route.
    case argumentIsNotLiteral(attribute: String)
    case malformedPath(path: String, reason: String)
    case placeWithoutParameter(place: String, path: String)
    case placeTakenFromElsewhere(place: String, source: String)
    case routeCollision(action: String, path: String, other: String)

    // How it is made.
    case cannotBeInjected(property: String, form: UnbindableForm)
    case propertiesInPattern
    case unusableInitializer(reason: InitializerFault)
    case severalInitializers(type: String)

    // An attribute.
    case attributeNeedsMethod(attribute: String)
    case attributeOutsideController(attribute: String)
    case attributeInExtension(attribute: String)
    case attributeOnExcludedMethod(attribute: String, modifier: String)
    case contradiction(attribute: String, other: String)
    case anyWithAnotherVerb(verb: String)
    case blockingOnAsynchronous(action: String)
    case blockingOnIsolated(action: String)

    enum InitializerFault: String {
        case asynchronous = "async"
        case failable = "failable"
        case generic = "generic"
        case isolated = "isolated to an actor"
    }

    var severity: DiagnosticSeverity { .error }
    var diagnosticID: MessageID { MessageID(domain: "Martlet", id: entry.id) }
    var message: String { entry.text }

    /// Stable ids, so that tools can tell the cases apart whatever their texts become.
    private var entry: (id: String, text: String) {
        switch self {
        case .notAController(let kind):
            ("not-a-controller", "'@Controller' is for a struct, a final class or an actor, not for \(kind)")
        case .genericController(let name):
            ("generic-controller", "'\(name)' cannot be a controller: it is generic, and is made once for all requests")

        case .genericAction(let action):
            ("generic-action", "'\(action)' cannot be an action: it is generic, and a request does not say for which type")
        case .mutatingAction(let action):
            ("mutating-action", "'\(action)' cannot be an action: it is mutating, and all requests share the controller")
        case .conditionalMember(let member):
            ("conditional-member", "'@Controller' cannot see \(member) inside '#if'; put the '#if' around its body or type")
        case .parameterCannotBeBound(let parameter, let form):
            ("unbindable-parameter", "parameter '\(parameter)' cannot be read from a request: it is \(form.rawValue)")
        case .resultCannotBeSent(let action, let form):
            ("unsendable-result", "'\(action)' cannot be an action: its result is \(form.rawValue), which is no response")
        case .twoSources(let parameter, let first, let second):
            ("two-sources", "parameter '\(parameter)' cannot come from both '@\(first)' and '@\(second)'")

        case .argumentIsNotLiteral(let attribute):
            ("not-a-literal", "'@\(attribute)' takes a string literal without interpolation: it is read while compiling")
        case .malformedPath(let path, let reason):
            ("malformed-path", "'\(path)' is not a path template: \(reason)")
        case .placeWithoutParameter(let place, let path):
            ("place-without-parameter", "'{\(place)}' in the path '\(path)' needs a parameter named '\(place)'")
        case .placeTakenFromElsewhere(let place, let source):
            ("place-taken-from-elsewhere", "'{\(place)}' in the path is never read: '@\(source)' takes it from elsewhere")
        case .routeCollision(let action, let path, let other):
            ("route-collision", "'\(action)' and '\(other)' are both routed at '\(path)'")

        case .cannotBeInjected(let property, let form):
            ("uninjectable", "'\(property)' cannot be injected: its type is \(form.rawValue); give it a value")
        case .propertiesInPattern:
            ("uninjectable-pattern", "properties in a pattern cannot be injected; declare each on its own")
        case .unusableInitializer(let reason):
            ("unusable-initializer", "the framework cannot call this initializer: it is \(reason.rawValue)")
        case .severalInitializers(let type):
            ("several-initializers", "'\(type)' has several initializers that the framework could call; keep one, or make the others private")

        case .attributeNeedsMethod(let attribute):
            ("attribute-needs-method", "'@\(attribute)' is for the methods of a controller")
        case .attributeOutsideController(let attribute):
            ("attribute-outside-controller", "'@\(attribute)' has no effect outside a type marked '@Controller'")
        case .attributeInExtension(let attribute):
            ("attribute-in-extension", "'@\(attribute)' has no effect in an extension: '@Controller' sees the methods between the type's own braces only")
        case .attributeOnExcludedMethod(let attribute, let modifier):
            ("attribute-on-excluded-method", "'@\(attribute)' has no effect on a \(modifier) method, which is never an action")
        case .contradiction(let attribute, let other):
            ("contradiction", "'@\(attribute)' contradicts '@\(other)'")
        case .anyWithAnotherVerb(let verb):
            ("any-with-another-verb", "'@ANY' includes '@\(verb)' already")
        case .blockingOnAsynchronous(let action):
            ("blocking-on-asynchronous", "'@Blocking' is for synchronous methods, and '\(action)' is async")
        case .blockingOnIsolated(let action):
            ("blocking-on-isolated", "'@Blocking' cannot move '\(action)' to the thread pool: it is isolated to an actor")
        }
    }
}
