import HTTPTypes
import MartletRouting

/// Prepares an action's parameters for one route, at start-up: every decision that needs no request is taken here.
///
/// Used by the code that `@Controller` writes.
public struct ActionBinder {
    let action: ActionDescriptor
    /// The route's: `Chat@send`.
    let name: String
    let template: PathTemplate
    /// The route's, which an alias may have other than the action's own.
    let verbs: Verbs
    let services: ServiceContainer
    private(set) var bodyUse = BodyUse.none
    /// Makes the values of the request that the action is given, in the order of its parameters.
    private(set) var preparations: [@Sendable (Context) async throws -> Void] = []
    /// Reads every parameter, for the rules that have to ask somebody.
    private var reads: [@Sendable (inout ActionArguments) -> Void] = []
    private var needsWaiting = false
    /// What cannot work, found at start-up.
    private(set) var problems: [String] = []
    /// True where the action takes a `User`, who must be there.
    private(set) var asksForUser = false

    init(action: ActionDescriptor, name: String, template: PathTemplate, verbs: Verbs, services: ServiceContainer) {
        self.action = action
        self.name = name
        self.template = template
        self.verbs = verbs
        self.services = services
    }

    /// - Parameter index: the parameter's place in the action's descriptor.
    public mutating func parameter<Value>(
        _ index: Int, _ type: Value.Type, default defaultValue: (@Sendable () -> Value)? = nil
    ) -> BoundParameter<Value> {
        kept(bound(index, type, defaultValue))
    }

    /// A parameter with rules of its own.
    @_disfavoredOverload
    public mutating func parameter<Value>(
        _ index: Int, _ type: Value.Type, default defaultValue: (@Sendable () -> Value)? = nil, rules: [Rule<Value>]
    ) -> BoundParameter<Value> {
        ruled(index, bound(index, type, defaultValue), rules) { value, validation, field in
            for rule in rules { rule.apply(value, &validation, field) }
        }
    }

    /// A parameter with rules of its own that may be nil, which keeps them all.
    public mutating func parameter<Wrapped>(
        _ index: Int, _ type: Wrapped?.Type, default defaultValue: (@Sendable () -> Wrapped?)? = nil,
        rules: [Rule<Wrapped>]
    ) -> BoundParameter<Wrapped?> {
        ruled(index, bound(index, type, defaultValue), rules) { value, validation, field in
            guard let value else { return }
            for rule in rules { rule.apply(value, &validation, field) }
        }
    }

    private mutating func ruled<Value, Ruled>(
        _ index: Int, _ bound: BoundParameter<Value>, _ rules: [Rule<Ruled>],
        _ hold: @escaping @Sendable (Value, inout Validation, FieldPath) -> Void
    ) -> BoundParameter<Value> {
        let parameter = action.parameters[index]
        if parameter.source == .automatic, isProvided(Value.self) {
            return impossible(parameter, "it has rules, and it is not read from the request")
        }
        needsWaiting = needsWaiting || rules.contains { $0.needsWaiting }
        return kept(BoundParameter { $0.read(bound, holdingTo: hold) })
    }

    private mutating func kept<Value>(_ parameter: BoundParameter<Value>) -> BoundParameter<Value> {
        reads.append { _ = parameter.read(&$0) }
        return parameter
    }

    /// What has to be asked before the action runs; nil for nothing.
    var inquiry: RuleInquiry? { needsWaiting ? RuleInquiry(reads: reads) : nil }

    private mutating func bound<Value>(
        _ index: Int, _ type: Value.Type, _ defaultValue: (@Sendable () -> Value)?
    ) -> BoundParameter<Value> {
        let parameter = action.parameters[index]
        if parameter.source == .automatic, let provided = provided(type) { return provided }
        if let form = type as? any FormParameter.Type { return bound(parameter, form) }
        let names = FieldNames(parameter.name)
        guard let reader = FieldReader.make(for: type) else {
            return structured(parameter, names, type, defaultValue)
        }
        let field = BoundField(names: names, reader: reader, whenAbsent: defaultValue ?? reader.whenAbsent)
        switch parameter.source {
        case .automatic:
            if let place = template.parameterNames.firstIndex(where: { names.matches($0) }) {
                return BoundParameter { $0.pathField(place, field) }
            }
            if verbs.canHaveFormBody { bodyUse.add(.whereMethodsCarryFields) }
            return BoundParameter { $0.requestField(field) }
        case .query:
            return BoundParameter { $0.queryField(field) }
        case .body:
            bodyUse.add(.always)
            return BoundParameter { $0.bodyField(field) }
        case .header:
            guard let name = HTTPField.Name(names.headerField) else {
                return impossible(parameter, "'\(names.headerField)' is not a header field name")
            }
            return BoundParameter { $0.headerField(name, field) }
        case .cookie:
            return BoundParameter { $0.cookieField(field) }
        }
    }

    private mutating func bound<Value>(
        _ parameter: ActionParameter, _ form: any FormParameter.Type
    ) -> BoundParameter<Value> {
        let reading: FormReading?
        do {
            reading = try form.reading()
        } catch {
            problems.append(error.description)
            return BoundParameter { _ in nil }
        }
        guard let reading else { return impossible(parameter, "its value is not Decodable") }
        if reading.needsWaiting { needsWaiting = true }
        switch parameter.source {
        case .query:
            return BoundParameter { reading.read(true, &$0) as? Value }
        case .body:
            bodyUse.add(.always)
            return BoundParameter { reading.read(false, &$0) as? Value }
        case .automatic:
            if verbs.canHaveFormBody { bodyUse.add(.whereMethodsCarryFields) }
            return BoundParameter { reading.read(!$0.context.request.method.carriesFields, &$0) as? Value }
        case .header, .cookie:
            return impossible(parameter, "a form can only come from a body or a query")
        }
    }

    /// True for the types that are given whatever the request says.
    private func isProvided(_ type: Any.Type) -> Bool {
        type == Context.self || type == Request.self || type == RequestBody.self || type == ClientInfo.self
            || services.contains(type) || type is any ContextValue.Type
    }

    /// The parameters that their type alone decides: the context, the request, services, and values of the request.
    private mutating func provided<Value>(_ type: Value.Type) -> BoundParameter<Value>? {
        if type == Context.self { return BoundParameter { $0.context as? Value } }
        if type == Request.self { return BoundParameter { $0.context.request as? Value } }
        if type == RequestBody.self { return BoundParameter { $0.context.request.body as? Value } }
        if type == ClientInfo.self { return BoundParameter { $0.context.client as? Value } }
        if services.contains(type) { return BoundParameter { $0.service(type) } }
        // Known by now, so that nothing waits for it.
        if type == User.self {
            asksForUser = true
            return BoundParameter { $0.user() as? Value }
        }
        if type == User?.self { return BoundParameter { ($0.context.user as Any) as? Value } }
        guard let type = type as? any ContextValue.Type else { return nil }
        return prepared(type)
    }

    /// - Returns: nil never: `Value` is that type.
    private mutating func prepared<Made: ContextValue, Value>(_ type: Made.Type) -> BoundParameter<Value>? {
        preparations.append { _ = try await $0.value(type) }
        return BoundParameter { $0.context.madeValue(type).flatMap { ($0 as any Sendable) as? Value } }
    }

    /// A struct: all of the query or body where it is said so, else a member of the JSON body.
    private mutating func structured<Value>(
        _ parameter: ActionParameter, _ names: FieldNames, _ type: Value.Type,
        _ defaultValue: (@Sendable () -> Value)?
    ) -> BoundParameter<Value> {
        let reader: DecodableReader<Value>?
        do {
            reader = try DecodableReader<Value>.make(for: type)
        } catch {
            problems.append(error.description)
            return BoundParameter { _ in nil }
        }
        guard let decodable = reader else {
            return impossible(
                parameter, "its type is neither a service that app.services has, nor a scalar, nor Decodable")
        }
        if decodable.plan?.needsWaiting == true { needsWaiting = true }
        switch parameter.source {
        case .query:
            return BoundParameter { $0.wholeQuery(decodable, default: defaultValue) }
        case .body:
            bodyUse.add(.always)
            return BoundParameter { $0.wholeBody(decodable, default: defaultValue) }
        case .automatic where verbs.canHaveFormBody:
            bodyUse.add(.whereMethodsCarryFields)
            return BoundParameter { $0.bodyMember(names, decodable, default: defaultValue) }
        case .automatic, .header, .cookie:
            return impossible(
                parameter, "its type \(type) can only come from a body or, with @Query, from the whole query")
        }
    }

    private mutating func impossible<Value>(_ parameter: ActionParameter, _ reason: String) -> BoundParameter<Value> {
        problems.append(
            "The parameter '\(parameter.name): \(parameter.type)' of \(name) (\(action.location)) cannot be bound: \(reason)."
        )
        return BoundParameter { _ in nil }
    }
}

/// Whether a route's parameters need the request's body.
enum BodyUse: Int, Sendable {
    case none
    /// For POST, PUT and PATCH.
    case whereMethodsCarryFields
    /// A parameter says `@Body`.
    case always

    mutating func add(_ other: BodyUse) { if other.rawValue > rawValue { self = other } }

    func reads(_ method: HTTPRequest.Method) -> Bool {
        self == .always || (self == .whereMethodsCarryFields && method.carriesFields)
    }
}

/// A parameter with all that was decided about it at start-up.
public struct BoundParameter<Value>: Sendable {
    /// nil when the request does not have it; what is wrong is noted in the arguments.
    let read: @Sendable (inout ActionArguments) -> Value?
}

/// A field with its names on the wire, its reader and its default.
struct BoundField<Value>: Sendable {
    let names: FieldNames
    let reader: FieldReader<Value>
    /// The default, or what the type says; nil where the field is required.
    let whenAbsent: (@Sendable () -> Value)?
}

/// The spellings that match a parameter: `userId`, `user_id`, `user-id`.
package struct FieldNames: Sendable {
    let written: String
    private let snake: String
    private let all: [String]

    package init(_ name: String) {
        written = name
        snake = PathNaming.snakeCase(name)
        all = [name, snake, PathNaming.kebabCase(name)].reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// Whether a `{name}` of the path is this parameter's; the macro asks the same.
    package func matches(_ place: String) -> Bool { PathNaming.snakeCase(place) == snake }

    /// The first spelling that `isPresent` knows, with the name that errors use.
    func first(where isPresent: (String) -> Bool) -> String? { all.first(where: isPresent) }

    /// The name that an error uses for an absent field: the wire's usual one, unless the source names another.
    package var onTheWire: String { isOneWord ? snake : written }

    /// The one spelling of a header field. Proxies know only this one, so no other may pass for it.
    ///
    /// A name with a hyphen or a capital at its start is no parameter's, so it was given for the wire.
    package var headerField: String {
        written.first?.isUppercase == true || written.contains("-") ? written : PathNaming.kebabCase(written)
    }

    private var isOneWord: Bool { !written.contains { $0 == "-" || $0 == "_" } }
}
