import Martlet

/// What a sign-in sends.
struct Credentials: Decodable, Validatable, Sendable {
    let userId: String
    let username: String?
    let password: String?
    enum CodingKeys: String, CodingKey { case userId = "user_id", username, password }

    static let rules: Rules = [.field(\.userId, .length(1...), .length(...256)), .field(\.username, .length(...256))]

    /// - Throws: `HTTPError` 400 without one, 422 for one that is empty.
    var guestName: String {
        get throws {
            guard let username else {
                throw HTTPError(
                    .badRequest, "The request has fields that are missing or not valid.",
                    fieldErrors: FieldErrors("username", "is required"))
            }
            guard !username.isEmpty else { throw HTTPError.wrong("username", "must not be empty") }
            return username
        }
    }
}

extension HTTPError {
    /// 422: one field is not as it must be.
    static func wrong(_ field: String, _ message: String) -> HTTPError {
        HTTPError(
            .unprocessableContent, "The request has fields whose values are not allowed.",
            fieldErrors: FieldErrors(field, message))
    }
}

/// What somebody sends who wants an account. Which ids and passwords there may be, `Accounts` says.
struct Registration: Decodable, Validatable, Sendable {
    let userId: String
    let username: String
    let password: String
    enum CodingKeys: String, CodingKey { case userId = "user_id", username, password }

    static let rules: Rules = [.field(\.username, .length(1...64))]
}

/// What changes a password.
struct PasswordChange: Decodable, Sendable {
    let password: String
    let newPassword: String
    enum CodingKeys: String, CodingKey { case password, newPassword = "new_password" }
}

extension Context {
    /// Answers what a form or a program has sent: a person is sent on to a page, or shown the form again with what is wrong, and
    /// a program gets JSON.
    ///
    /// - Parameters:
    ///   - page: the page of the form; nil for one that has nothing to fill in.
    ///   - target: the page that follows.
    func answer(
        _ page: (any FormPage)? = nil, then target: some RequestTargetConvertible, _ act: () async throws -> Envelope
    ) async throws -> Response {
        do {
            let envelope = try await act()
            guard request.prefersHTML else { return try envelope.response(for: self) }
            flash.add(envelope.msg, kind: envelope.code == 0 ? "notice" : "error")
            return try Redirect(to: target.requestTarget).response(for: self)
        } catch let error as HTTPError where request.prefersHTML {
            guard let page else { throw error }
            return page.response(self, error)
        }
    }
}
