import HTTPTypes
import MartletCore
import MartletRouting

// Requests by action: `try await alice.call("Chat@send", ["message": "hi"])`.
extension TestClient {
    /// Calls an action by its name. The arguments go where the action takes them from: path, query, form, JSON, header or
    /// cookie.
    ///
    /// - Parameters:
    ///   - action: the controller's name and the method's, `Chat@send`.
    ///   - arguments: by the parameter's name, in any spelling that the wire knows. An array is a repeated field; a struct is
    ///     JSON.
    ///   - files: uploaded with them.
    ///   - method: the verb, for an action with several; by default its first.
    /// - Throws: `TestHostError` for an unknown action or argument, and for an argument that is missing.
    @discardableResult
    public func call(
        _ action: String, _ arguments: KeyValuePairs<String, any Encodable & Sendable> = [:],
        files: KeyValuePairs<String, TestFile> = [:], method: HTTPRequest.Method? = nil, headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        let call = try ActionCall(host.application, action, arguments, files, method)
        return try await send(call.content, call.method, call.target, call.headers(over: headers))
    }

    /// Opens the stream of an action by its name.
    ///
    /// - Throws: `TestHostError` as `call` does, `UnexpectedResponse` where the application answers with something else.
    public func stream(
        calling action: String, _ arguments: KeyValuePairs<String, any Encodable & Sendable> = [:],
        method: HTTPRequest.Method? = nil, headers: HTTPFields = [:]
    ) async throws -> TestStream {
        let call = try ActionCall(host.application, action, arguments, [:], method)
        return try await stream(call.content, call.method, call.target, call.headers(over: headers))
    }
}

extension TestHost {
    /// Calls an action by its name, for a client; for one without cookies where none is given.
    ///
    /// - Throws: `TestHostError` for an unknown action or argument, and for an argument that is missing.
    @discardableResult
    public func call(
        _ action: String, _ arguments: KeyValuePairs<String, any Encodable & Sendable> = [:],
        as client: TestClient? = nil,
        files: KeyValuePairs<String, TestFile> = [:], method: HTTPRequest.Method? = nil
    ) async throws -> TestResponse {
        try await own(client).call(action, arguments, files: files, method: method)
    }
}

/// An action's name and arguments as a request.
struct ActionCall {
    let method: HTTPRequest.Method
    private(set) var target: String
    private(set) var content: TestContent
    private var headerFields: HTTPFields = [:]

    init(
        _ application: Application, _ name: String, _ arguments: KeyValuePairs<String, any Encodable & Sendable>,
        _ files: KeyValuePairs<String, TestFile>, _ method: HTTPRequest.Method?
    ) throws {
        let route = try Self.route(name, in: application)
        self.method = try Self.method(method, of: route)
        let template = try PathTemplate(route.path)
        let parameters = route.action.parameters.filter { !$0.isGiven(by: application) }
        var given = try Self.match(arguments, to: parameters, template, of: name, application.json)

        target = try Self.path(template, &given, of: name)
        var query: [(key: String, value: String)] = []
        var fields: [(name: String, value: JSONValue)] = []
        var whole: JSONValue?
        var cookies: [String] = []
        for parameter in parameters {
            let names = FieldNames(parameter.name)
            let isInPath = template.parameterNames.contains(where: names.matches) && parameter.source == .automatic
            guard !isInPath else { continue }
            guard let value = given.removeValue(forKey: parameter.name), value != .null else {
                guard parameter.mayBeAbsent else {
                    throw TestHostError(
                        """
                        '\(name)' needs the argument '\(names.onTheWire)'. To send a request without it, use its \
                        path: \(route.path)
                        """)
                }
                continue
            }
            if parameter.isForm, case .object(let members) = value {
                let isBody = parameter.source == .body || (parameter.source == .automatic && self.method.carriesFields)
                for (member, value) in members.sorted(by: { $0.key < $1.key }) {
                    if isBody { fields.append((member, value)) } else { query += try value.fields(member, of: name) }
                }
                continue
            }
            switch parameter.source {
            case .automatic where self.method.carriesFields, .body:
                if case .object = value, parameter.source == .body {
                    whole = value
                } else {
                    fields.append((names.onTheWire, value))
                }
            case .automatic, .query:
                query += try value.fields(names.onTheWire, of: name)
            case .header:
                guard let field = HTTPField.Name(names.headerField), let text = value.field else { continue }
                headerFields[field] = text
            case .cookie:
                if let text = value.field { cookies.append("\(names.onTheWire)=\(text)") }
            }
        }
        if !query.isEmpty { target += "?" + TestContent.query(query) }
        if !cookies.isEmpty { headerFields[.cookie] = cookies.joined(separator: "; ") }
        content = try Self.content(fields, whole, files, self.method, of: name)
    }

    func headers(over headers: HTTPFields) -> HTTPFields {
        var all = headers
        for field in headerFields where all[field.name] == nil { all.append(field) }
        return all
    }

    // MARK: - The parts

    private static func route(_ name: String, in application: Application) throws -> Route {
        if let route = application.routes.first(where: { $0.name == name }) { return route }
        let hint =
            NameSuggestion.nearest(to: name, in: application.routes.map(\.name)).map { " Did you mean '\($0)'?" } ?? ""
        throw TestHostError("There is no action '\(name)'.\(hint)")
    }

    private static func method(_ method: HTTPRequest.Method?, of route: Route) throws -> HTTPRequest.Method {
        switch route.verbs {
        case .any:
            return method ?? .get
        case .only(let verbs):
            guard let method else { return verbs.first ?? .get }
            guard verbs.contains(method) || (method == .head && verbs.contains(.get)) else {
                throw TestHostError("'\(route.name)' does not answer \(method), but \(route.verbs).")
            }
            return method
        }
    }

    /// The arguments by the names of the parameters.
    private static func match(
        _ arguments: KeyValuePairs<String, any Encodable & Sendable>, to parameters: [ActionParameter],
        _ template: PathTemplate, of action: String, _ json: JSON
    ) throws -> [String: JSONValue] {
        var given: [String: JSONValue] = [:]
        // A place of the path may have no parameter: the action takes it from the context.
        let known = parameters.map(\.name) + template.parameterNames
        for (name, value) in arguments {
            guard let parameter = known.first(where: { FieldNames($0).matches(name) || $0 == name }) else {
                let takes = known.isEmpty ? "no arguments" : parameters.map { FieldNames($0.name).onTheWire }.list
                throw TestHostError("'\(action)' has no argument '\(name)'; it takes \(takes).")
            }
            guard given.updateValue(try JSONValue(of: value, json), forKey: parameter) == nil else {
                throw TestHostError("The argument '\(name)' of '\(action)' is given twice.")
            }
        }
        return given
    }

    private static func path(
        _ template: PathTemplate, _ given: inout [String: JSONValue], of action: String
    ) throws -> String {
        var path = ""
        for segment in template.segments {
            switch segment {
            case .literal(let text):
                path += "/" + text.percentEncoded
            case .pattern(let parts):
                path += "/"
                for part in parts {
                    switch part {
                    case .literal(let text): path += text.percentEncoded
                    case .parameter(let name):
                        let text = try take(name, from: &given, of: action)
                        guard !text.isEmpty, !text.utf8.contains(UInt8(ascii: "/")) else {
                            throw TestHostError(
                                "The argument '\(name)' of '\(action)' is a part of a segment: it has a text, and no slash."
                            )
                        }
                        path += text.percentEncoded
                    }
                }
            case .parameter(let name):
                path += "/" + (try take(name, from: &given, of: action).percentEncoded)
            case .optional(let name):
                if let text = taken(name, from: &given) { path += "/" + text.percentEncoded }
            case .catchAll(let name):
                guard let text = taken(name, from: &given) else { continue }
                path += text.split(separator: "/").map { "/" + String($0).percentEncoded }.joined()
            }
        }
        return path.isEmpty ? "/" : path
    }

    private static func taken(_ name: String, from given: inout [String: JSONValue]) -> String? {
        let key = given.keys.first { FieldNames($0).matches(name) }
        return key.flatMap { given.removeValue(forKey: $0) }?.field
    }

    private static func take(
        _ name: String, from given: inout [String: JSONValue], of action: String
    ) throws -> String {
        if let text = taken(name, from: &given) { return text }
        throw TestHostError("'\(action)' needs the argument '\(name)', which is a part of its path.")
    }

    /// A form where it can be one, as a browser sends it; else JSON.
    private static func content(
        _ fields: [(name: String, value: JSONValue)], _ whole: JSONValue?, _ files: KeyValuePairs<String, TestFile>,
        _ method: HTTPRequest.Method, of action: String
    ) throws -> TestContent {
        guard whole == nil || (fields.isEmpty && files.isEmpty) else {
            throw TestHostError("'\(action)' takes its whole body for one argument: there is no room for others.")
        }
        if let whole { return try .json(whole, .standard) }
        let form = try? fields.flatMap { try $0.value.fields($0.name, of: action) }
        if let form {
            guard !form.isEmpty || !files.isEmpty || method.carriesFields else { return TestContent(type: nil) }
            return .form(form, files)
        }
        guard files.isEmpty else {
            throw TestHostError("'\(action)' cannot be sent files beside an argument that only JSON can carry.")
        }
        return try .json(JSONValue.object(Dictionary(fields.map { ($0.name, $0.value) }) { $1 }), .standard)
    }
}

extension ActionParameter {
    /// True for what does not come from the request's fields.
    fileprivate func isGiven(by application: Application) -> Bool {
        guard source == .automatic else { return false }
        let provided: [Any.Type] = [Context.self, Request.self, RequestBody.self, ClientInfo.self]
        return provided.contains { $0 == type } || application.provides(type)
    }

    fileprivate var mayBeAbsent: Bool {
        defaultValue != nil || isForm || type is any ExpressibleByNilLiteral.Type
            || type is any ExpressibleByArrayLiteral.Type
    }
}

extension JSONValue {
    /// As fields of a query or form; an array is a field for each element.
    fileprivate func fields(_ name: String, of action: String) throws -> [(key: String, value: String)] {
        let values: [JSONValue] = if case .array(let elements) = self { elements } else { [self] }
        return try values.map { value in
            guard let text = value.field else {
                throw TestHostError("The argument '\(name)' of '\(action)' does not fit into a field.")
            }
            return (name, text)
        }
    }
}

extension [String] {
    fileprivate var list: String { map { "'\($0)'" }.joined(separator: ", ") }
}

extension HTTPRequest.Method {
    /// True for the methods whose fields are in the body.
    fileprivate var carriesFields: Bool { self == .post || self == .put || self == .patch }
}
