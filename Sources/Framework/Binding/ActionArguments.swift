import HTTPTypes
import NIOCore

/// Reads an action's arguments from one request, noting everything that is wrong before any of it is reported.
///
/// Used by the code that `@Controller` writes.
public struct ActionArguments {
    let context: Context
    private var json: JSON { context.environment.json }
    private let match: MatchedRoute
    private var query: FormFields?
    private var body = BodyFields.unread
    private var errors = FieldErrors()
    /// True where something could not be read, and not only breaks a rule.
    private var isUnreadable = false
    private var fatal: (any Error)?
    /// The name under which the value came that was read last; nil for one that did not come.
    private var lastField: String?
    /// What rules have yet to ask somebody.
    private var questions: [Validation.Question] = []
    /// The forms that were read: what is wrong with each, and what its rules have yet to ask.
    private var forms: [(errors: FieldErrors, questions: [Validation.Question])] = []

    /// Made when the body that binding needs is there.
    public init(_ context: Context) throws {
        self.context = context
        guard let match = context.match else { throw ServiceError("The request has no route.") }
        self.match = match
        guard match.route.bodyUse.reads(context.request.method) else { return }
        guard let content = try context.request.body.collected() else { throw RequestBodyConsumedError() }
        body = content.readableBytes == 0 ? .empty : .buffered(content, try BodyFormat(of: context.request))
    }

    /// The argument; nil where it is missing or wrong, which `failure()` tells of then.
    public mutating func read<Value>(_ parameter: BoundParameter<Value>) -> Value? { parameter.read(&self) }

    /// The error that answers the request when an argument is missing.
    public func failure() -> any Error {
        fatal ?? fieldFailure()
    }

    private func fieldFailure() -> HTTPError {
        guard isUnreadable else {
            return HTTPError(
                .unprocessableContent, "The request has fields whose values are not allowed.", fieldErrors: errors)
        }
        let hint = looksLikeJSON ? " " + Self.jsonHint : ""
        return HTTPError(
            .badRequest, "The request has fields that are missing or not valid." + hint, fieldErrors: errors)
    }

    // MARK: - Rules

    /// Reads a value, and holds it against rules where the request has it: a default keeps them.
    mutating func read<Value>(
        _ parameter: BoundParameter<Value>, holdingTo rules: (Value, inout Validation, FieldPath) -> Void
    ) -> Value? {
        lastField = nil
        guard let value = parameter.read(&self) else { return nil }
        guard let field = lastField else { return value }
        var validation = Validation()
        rules(value, &validation, .field(field))
        return keep(value, validation, under: "")
    }

    /// Notes what a round has found.
    ///
    /// - Returns: the value, where it keeps all rules.
    private mutating func keep<Value>(_ value: Value, _ validation: Validation, under prefix: String) -> Value? {
        errors.add(validation.errors, under: prefix)
        ask(validation.questions, under: prefix)
        return validation.errors.isEmpty ? value : nil
    }

    private mutating func ask(_ questions: [Validation.Question], under prefix: String) {
        for question in questions {
            let field = question.field.hasPrefix("[") ? prefix + question.field : prefix.member(question.field)
            self.questions.append(.init(field: field, problem: question.problem))
        }
    }

    /// Asks what rules have to ask, where nothing else is wrong with the field.
    ///
    /// - Throws: what answers the request where anything is wrong with it.
    mutating func settle() async throws {
        var findings: [FieldErrors] = []
        for form in forms {
            var found = FieldErrors()
            for question in form.questions where form.errors[question.field].isEmpty && found[question.field].isEmpty {
                if let message = try await question.problem(context) { found.add(question.field, message) }
            }
            findings.append(found)
        }
        if findings.contains(where: { !$0.isEmpty }) { context[FormFindings.self] = findings }
        for question in questions where errors[question.field].isEmpty && !errors.isCut {
            if let message = try await question.problem(context) { errors.add(question.field, message) }
        }
        guard fatal == nil, errors.isEmpty else { throw failure() }
    }

    private static let jsonHint = """
        The body looks like JSON, and its Content-Type says application/x-www-form-urlencoded: send it as application/json.
        """

    /// True for what `curl -d '{…}'` sends: a form of which nobody would say so.
    private var looksLikeJSON: Bool {
        guard case .form(let form) = body, let name = form.fields.first?.name else { return false }
        return name.hasPrefix("{") || name.hasPrefix("[")
    }

    // MARK: - Fields, by their source

    mutating func pathField<Value>(_ place: Int, _ field: BoundField<Value>) -> Value? {
        guard place < match.captures.count else { return absent(field) }
        return texts([match.captures[place]], field.names.written, field)
    }

    mutating func requestField<Value>(_ field: BoundField<Value>) -> Value? {
        context.request.method.carriesFields ? bodyField(field) : queryField(field)
    }

    mutating func queryField<Value>(_ field: BoundField<Value>) -> Value? {
        guard let query = parsedQuery() else { return nil }
        return formField(query, field)
    }

    mutating func headerField<Value>(_ name: HTTPField.Name, _ field: BoundField<Value>) -> Value? {
        let values = context.request.headers[values: name]
        guard !values.isEmpty else { return field.whenAbsent?() ?? missing(name.rawName) }
        // RFC 9110 section 5.3: the lines of a list are one value; of what stands once, there is none.
        let isOne = values.count == 1 || field.reader.takesSeveral || SingletonFields.contains(name)
        return texts(isOne ? values : [values.joined(separator: ", ")], name.rawName, field)
    }

    mutating func cookieField<Value>(_ field: BoundField<Value>) -> Value? {
        var found: String?
        guard
            let name = field.names.first(where: { name in
                found = context.request.cookie(name)
                return found != nil
            }), let found
        else { return absent(field) }
        return texts([found], name, field)
    }

    mutating func bodyField<Value>(_ field: BoundField<Value>) -> Value? {
        switch parsedBody() {
        case .form(let form):
            return formField(form, field)
        case .json(let container, _):
            guard let name = field.names.first(where: { container.contains(FieldKey($0)) }) else {
                return absent(field)
            }
            return attempt(name) { try field.reader.fromJSON(container, FieldKey(name)) }
        case .empty:
            return absent(field)
        case .unread, .buffered:
            return nil
        }
    }

    // MARK: - Structs

    mutating func wholeQuery<Value>(
        _ reader: DecodableReader<Value>, default defaultValue: (@Sendable () -> Value)?
    ) -> Value? {
        guard let query = parsedQuery() else { return nil }
        if query.fields.isEmpty, let value = reader.whenAbsent(defaultValue) { return value }
        return attempt("", reader) { try reader.fromForm(query) }
    }

    mutating func wholeBody<Value>(
        _ reader: DecodableReader<Value>, default defaultValue: (@Sendable () -> Value)?
    ) -> Value? {
        if case .buffered(let buffer, .json) = body {
            // Not by way of the fields: the whole may be an array or a scalar.
            return attempt("", reader) { [json] in try reader.fromJSON(JSONText(buffer).buffer, json) }
        }
        switch parsedBody() {
        case .form(let form):
            return attempt("", reader) { try reader.fromForm(form) }
        case .json(_, let buffer):
            return attempt("", reader) { [json] in try reader.fromJSON(buffer, json) }
        case .empty:
            if let value = reader.whenAbsent(defaultValue) { return value }
            return attempt("", reader) { try reader.fromForm(FormFields()) }
        case .unread, .buffered:
            return nil
        }
    }

    mutating func bodyMember<Value>(
        _ names: FieldNames, _ reader: DecodableReader<Value>, default defaultValue: (@Sendable () -> Value)?
    ) -> Value? {
        guard context.request.method.carriesFields else {
            return reader.whenAbsent(defaultValue) ?? missing(names.onTheWire)
        }
        switch parsedBody() {
        case .json(let container, let buffer):
            if let name = names.first(where: { container.contains(FieldKey($0)) }) {
                return attempt(name, reader) { [json] in
                    try reader.fromMember(container, FieldKey(name), buffer, json)
                }
            }
        case .form(let form):
            if names.first(where: { form[$0] != nil }) != nil {
                return wrong(names.onTheWire, "must be an object, which only a JSON body can hold")
            }
        case .empty:
            break
        case .unread, .buffered:
            return nil
        }
        return reader.whenAbsent(defaultValue) ?? missing(names.onTheWire)
    }

    /// All of the query or body, with what is wrong with it kept apart: that is for the action to tell.
    mutating func form<Value>(_ reader: DecodableReader<Value>, fromQuery: Bool) -> Form<Value>? {
        let others = (errors, isUnreadable, questions)
        (errors, isUnreadable, questions) = (FieldErrors(), false, [])
        defer { (errors, isUnreadable, questions) = others }
        var value: Value? = fromQuery ? wholeQuery(reader, default: nil) : wholeBody(reader, default: nil)
        guard fatal == nil else { return nil }
        if let findings = context[FormFindings.self], forms.count < findings.count {
            errors.add(findings[forms.count])
        }
        forms.append((errors, questions))
        if !errors.isEmpty { value = nil }
        let fields = fromQuery ? query ?? FormFields() : bodyTexts
        let isFirst = fromQuery && fields.fields.isEmpty
        return Form(
            fields: fields, errors: isFirst ? FieldErrors() : errors.translated(context.translated), value: value,
            failure: value == nil ? fieldFailure() : nil)
    }

    /// What was typed into the form that is the body.
    private var bodyTexts: FormFields {
        switch body {
        case .form(let form):
            return form
        case .json(_, let text), .buffered(let text, .json):
            guard text.readableBytes <= FieldTree.maximumBytes else { return FormFields() }
            return (try? FormFields(json: text)) ?? FormFields()
        case .empty, .unread, .buffered:
            return FormFields()
        }
    }

    mutating func user() -> User? {
        if let user = context.user { return user }
        fatal = HTTPError.notSignedIn
        return nil
    }

    mutating func service<Value>(_ type: Value.Type) -> Value? {
        do {
            return try context.services.resolve(type)
        } catch {
            fatal = error
            return nil
        }
    }

    // MARK: - Reading

    private mutating func formField<Value>(_ form: FormFields, _ field: BoundField<Value>) -> Value? {
        let takesSeveral = field.reader.takesSeveral
        let name = field.names.first { name in
            form.fields.contains { $0.name == name || (takesSeveral && $0.name.isList(of: name)) }
        }
        guard let name else { return absent(field) }
        let values = form.fields.filter { $0.name == name || (takesSeveral && $0.name.isList(of: name)) }.map(\.value)
        // HTML forms send what was left empty: no value, unless the type has one for it.
        if values.allSatisfy(\.isEmpty), case .invalid = field.reader.fromTexts(values) { return absent(field) }
        return texts(values, name, field)
    }

    private mutating func texts<Value>(_ texts: [String], _ name: String, _ field: BoundField<Value>) -> Value? {
        switch field.reader.fromTexts(texts) {
        case .value(let value):
            lastField = name
            return value
        case .invalid(let message):
            return wrong(name, message)
        }
    }

    private mutating func absent<Value>(_ field: BoundField<Value>) -> Value? {
        field.whenAbsent?() ?? missing(field.names.onTheWire)
    }

    private mutating func missing<Value>(_ name: String) -> Value? { wrong(name, "is required") }

    private mutating func wrong<Value>(_ name: String, _ message: String) -> Value? {
        isUnreadable = true
        errors.add(name, message)
        return nil
    }

    /// Reads a struct, and holds what could be read of it against its rules.
    private mutating func attempt<Value>(
        _ name: String, _ reader: DecodableReader<Value>, _ read: () throws -> Value
    ) -> Value? {
        guard let value = attempt(name, read) else { return nil }
        guard let plan = reader.plan else { return value }
        var validation = Validation()
        plan.check(value, &validation)
        return keep(value, validation, under: name)
    }

    private mutating func attempt<Value>(_ name: String, _ read: () throws -> Value) -> Value? {
        do {
            let value = try read()
            lastField = name
            return value
        } catch let failure as FieldDecodingFailure {
            isUnreadable = true
            errors.add(failure.errors, under: name)
            ask(failure.questions, under: name)
        } catch let error as DecodingError {
            isUnreadable = true
            errors.add(error.fieldErrors)
        } catch let error as HTTPError {
            fatal = fatal ?? error
        } catch {
            // A type's own, or one of Foundation's: it looks into a string or a number only when it is asked for it.
            return wrong(name, "is not valid")
        }
        return nil
    }

    private mutating func parsedQuery() -> FormFields? {
        if let query { return query }
        do {
            query = try context.request.query
        } catch {
            fatal = fatal ?? error
        }
        return query
    }

    private mutating func parsedBody() -> BodyFields {
        if case .buffered(let buffer, let format) = body {
            do {
                body = try BodyFields(buffer, format, json)
            } catch {
                fatal = fatal ?? error
                body = .unread
            }
        }
        return body
    }
}

extension String {
    /// True for `tags[]` and `tags`: how axios, jQuery, Rails and PHP name the fields of a list.
    func isList(of name: String) -> Bool {
        utf8.count == name.utf8.count + 2 && hasSuffix("[]") && hasPrefix(name)
    }
}

extension HTTPRequest.Method {
    /// True for the methods whose fields are in the body, false for those whose fields are in the query.
    var carriesFields: Bool { self != .get && (self == .post || self == .put || self == .patch) }
}
