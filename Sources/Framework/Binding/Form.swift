/// A form that can come back: what was typed, and what is wrong with it.
///
/// An action with one runs although values are missing or wrong, and can show its page again:
///
///     @POST func signUp(form: Form<SignUp>) -> Response {
///         guard let user = form.value else { return page(form) }
///         …
///     }
///
/// It is all of the body for POST, PUT and PATCH, in any format that bodies are bound from, and all of the query for the
/// other methods; `@Body` and `@Query` choose. What cannot be read as a form at all, such as a malformed body, is refused as
/// ever.
public struct Form<Value: Decodable & Sendable>: Sendable {
    /// What was typed, by name; of JSON the members, with the paths that errors have: `items[2].price`. Of a JSON body of
    /// more than 16 KiB there is nothing.
    public let fields: FormFields
    /// What is wrong with it, in the client's language. Nothing where the request has no query, so that the page may be
    /// shown for the first time.
    public let errors: FieldErrors
    /// The value, nil where something is missing or wrong.
    public let value: Value?
    private let failure: HTTPError?

    /// A form that nobody has sent yet.
    ///
    /// - Parameter texts: what stands in it, such as what is to be changed.
    public init(_ texts: KeyValuePairs<String, String> = [:]) {
        fields = FormFields(texts.map { FormFields.Field(name: $0.key, value: $0.value) })
        errors = FieldErrors()
        value = nil
        failure = HTTPError.badRequest("The form was not sent.")
    }

    init(fields: FormFields, errors: FieldErrors, value: Value?, failure: HTTPError?) {
        self.fields = fields
        self.errors = errors
        self.value = value
        self.failure = failure
    }

    /// What was typed in the field of that name; empty where nothing was. Put it into a page with `escapedForHTML`.
    public subscript(name: String) -> String { fields[name] ?? "" }

    /// Everything that was typed under that name: the boxes of a list that were ticked.
    public subscript(values name: String) -> [String] { fields[values: name] }

    /// The value.
    ///
    /// - Throws: `HTTPError` 400 or 422 with everything that is wrong, as an action without a form is answered.
    public var valid: Value {
        get throws {
            if let value { return value }
            throw failure ?? HTTPError(.badRequest)
        }
    }
}

/// What the binder sees in a `Form` of any value.
protocol FormParameter {
    /// - Throws: `StartupError` for rules that cannot be told under a name.
    static func reading() throws(StartupError) -> FormReading?
}

extension ActionParameter {
    /// True for a ``Form``, which is all of a body or query.
    package var isForm: Bool { type is any FormParameter.Type }
}

/// How a `Form` is read.
struct FormReading: Sendable {
    let needsWaiting: Bool
    /// A `Form`, from the query or from the body; nil where there is none to read.
    let read: @Sendable (_ fromQuery: Bool, inout ActionArguments) -> Any?
}

extension Form: FormParameter {
    static func reading() throws(StartupError) -> FormReading? {
        guard let reader = try DecodableReader<Value>.make(for: Value.self) else { return nil }
        return FormReading(needsWaiting: reader.plan?.needsWaiting == true) { fromQuery, arguments in
            arguments.form(reader, fromQuery: fromQuery)
        }
    }
}

/// What the rules of an action's forms found that had to ask somebody, form by form.
enum FormFindings: ContextKey { typealias Value = [FieldErrors] }

extension Request {
    /// The fields of the body by name: those of a form, or the members of a JSON object, with paths such as `address.city`
    /// for what stands inside others.
    ///
    /// It reads the body, which stays there for binding and for who asks again.
    ///
    /// - Throws: `HTTPError`: 415 for a body of another type, 400 for one that does not follow its format, 413 beyond the
    ///   limit, and for JSON of more than 16 KiB.
    public func form() async throws -> FormFields {
        try BodyFormat.check(self)
        let buffer = try await body.collect()
        guard buffer.readableBytes > 0 else { return FormFields() }
        let format = try BodyFormat(of: self)
        if case .json = format, buffer.readableBytes > FieldTree.maximumBytes {
            throw HTTPError(
                .contentTooLarge,
                "The body is larger than the \(FieldTree.maximumBytes) bytes of JSON that are read as fields here.")
        }
        switch try BodyFields(buffer, format, .standard) {
        case .form(let form): return form
        case .json(_, let buffer): return try FormFields(json: buffer)
        case .empty, .unread, .buffered: return FormFields()
        }
    }
}
