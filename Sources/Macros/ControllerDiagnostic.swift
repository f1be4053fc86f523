import SwiftDiagnostics

/// The table of misuse: each way to get a controller wrong, and what its author is told.
enum ControllerDiagnostic: DiagnosticMessage {
    // The type.
    case notAController(kind: String)
    case genericController(name: String)
    case localController(name: String)

    // An action.
    case genericAction(action: String)
    case mutatingAction(action: String)
    case conditionalMember(member: String)
    case parameterCannotBeBound(parameter: String, form: UnbindableForm)
    case resultCannotBeSent(action: String, form: UnbindableForm)
    case twoSources(parameter: String, first: String, second: String)
    case closureInRule(parameter: String)

    // A route.
    case argumentIsNotLiteral(attribute: String)
    case argumentIsNotBooleanLiteral(attribute: String)
    case malformedPath(path: String, reason: String)
    case placeWithoutParameter(place: String, path: String)
    case placeTakenFromElsewhere(place: String, path: String, source: String)
    case verbNeeded(action: String)
    case routeCollision(action: String, path: String, other: String)

    // How it is made.
    case cannotBeInjected(property: String, form: UnbindableForm)
    case propertiesInPattern
    case unusableInitializer(InitializerFault)
    case severalInitializers(type: String)
    case notInjectable(kind: String)

    // An attribute.
    case attributeNeedsMethod(attribute: String)
    case attributeOutsideController(attribute: String)
    case attributeInExtension(attribute: String)
    case actionsNeedExtension(kind: String)
    case attributeOnExcludedMethod(attribute: String, modifier: String)
    case contradiction(attribute: String, other: String)
    case anyWithAnotherVerb(verb: String)
    case blockingOnAsynchronous(action: String)
    case blockingOnIsolated(action: String)

    /// What keeps an initializer from being called while the app starts.
    enum InitializerFault: String {
        case asynchronous = "async"
        case failable = "failable"
        case generic = "generic"
        case isolated = "isolated to an actor"
    }

    var severity: DiagnosticSeverity { .error }
    var diagnosticID: MessageID { MessageID(domain: "Martlet", id: entry.id) }
    var message: String { entry.text }

    /// The ids stay as they are whatever becomes of the texts, so that tools can tell the cases apart.
    private var entry: (id: String, text: String) {
        switch self {
        case .notAController(let kind):
            ("not-a-controller", "'@Controller' is for a struct, a final class or an actor, not for \(kind)")
        case .genericController(let name):
            ("generic-controller", "'\(name)' cannot be a controller: it is generic, and is made once for all requests")
        case .localController(let name):
            ("local-controller", "'\(name)' cannot be a controller: it is local, where nothing can discover it")

        case .genericAction(let action):
            ("generic-action", "'\(action)' cannot be an action: it is generic, and a request names no type")
        case .mutatingAction(let action):
            (
                "mutating-action",
                "'\(action)' cannot be an action: it is mutating, and all requests share the controller"
            )
        case .conditionalMember(let member):
            ("conditional-member", "\(member) cannot stand inside '#if', which '@Controller' does not evaluate")
        case .parameterCannotBeBound(let parameter, let form):
            ("unbindable-parameter", "parameter '\(parameter)' cannot be read from a request: it is \(form.rawValue)")
        case .resultCannotBeSent(let action, let form):
            ("unsendable-result", "'\(action)' cannot be an action: its result is \(form.rawValue)")
        case .twoSources(let parameter, let first, let second):
            ("two-sources", "parameter '\(parameter)' cannot come from both '@\(first)' and '@\(second)'")

        case .closureInRule(let parameter):
            (
                "closure-in-rule",
                "a closure cannot stand in '@Valid' of '\(parameter)': declare the rule with a name, and write the name here"
            )

        case .argumentIsNotLiteral(let attribute):
            (
                "not-a-literal",
                "'@\(attribute)' is read while compiling: it takes a string literal without interpolation"
            )
        case .argumentIsNotBooleanLiteral(let attribute):
            ("not-a-boolean-literal", "'@\(attribute)' is read while compiling: it takes 'true' or 'false'")
        case .malformedPath(let path, let reason):
            ("malformed-path", "\"\(path)\" is not a path template: \(reason)")
        case .placeWithoutParameter(let place, let path):
            ("place-without-parameter", "'{\(place)}' in the path '\(path)' needs a parameter named '\(place)'")
        case .placeTakenFromElsewhere(let place, let path, let source):
            ("place-taken-from-elsewhere", "'@\(source)' keeps '{\(place)}' in the path '\(path)' from being read")
        case .verbNeeded(let action):
            (
                "verb-needed",
                "'\(action)' sounds as if it changed something, and by its name alone it would answer GET: name its verb"
            )
        case .routeCollision(let action, let path, let other):
            ("route-collision", "'\(action)' and '\(other)' are both routed at '\(path)'")

        case .cannotBeInjected(let property, let form):
            ("uninjectable", "'\(property)' cannot be injected: its type is \(form.rawValue)")
        case .propertiesInPattern:
            ("uninjectable-pattern", "properties in a pattern cannot be injected; declare each on its own")
        case .unusableInitializer(let fault):
            ("unusable-initializer", "a controller cannot be made by an initializer that is \(fault.rawValue)")
        case .severalInitializers(let type):
            ("several-initializers", "'\(type)' has several initializers; keep one, or make the others private")
        case .notInjectable(let kind):
            (
                "not-injectable",
                "'@Injectable' is for a struct, a final class or an actor, and this is declared with '\(kind)'"
            )

        case .attributeNeedsMethod(let attribute):
            ("attribute-needs-method", "'@\(attribute)' is for the methods of a controller")
        case .attributeOutsideController(let attribute):
            ("attribute-outside-controller", "'@\(attribute)' has no effect outside a type marked '@Controller'")
        case .attributeInExtension(let attribute):
            (
                "attribute-in-extension",
                "'@\(attribute)' has no effect here: '@Controller' does not see extensions; mark this one '@Actions'"
            )
        case .actionsNeedExtension(let kind):
            ("actions-need-extension", "'@Actions' is for an extension of a controller, not for a \(kind)")
        case .attributeOnExcludedMethod(let attribute, let modifier):
            ("attribute-on-excluded-method", "'@\(attribute)' has no effect: a \(modifier) method is never an action")
        case .contradiction(let attribute, let other):
            ("contradiction", "'@\(attribute)' contradicts '@\(other)'")
        case .anyWithAnotherVerb(let verb):
            ("any-with-another-verb", "'@ANY' includes '@\(verb)' already")
        case .blockingOnAsynchronous(let action):
            ("blocking-on-asynchronous", "'@Blocking' is for synchronous methods, and '\(action)' is async")
        case .blockingOnIsolated(let action):
            ("blocking-on-isolated", "'@Blocking' cannot move '\(action)' to another thread: an actor isolates it")
        }
    }
}
