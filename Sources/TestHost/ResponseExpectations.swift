import HTTPTypes
import MartletCore

// What a test expects of a response. A failure is thrown, so that these work in Swift Testing and in XCTest, and its text has
// the place in the test, the response and the log lines of its request.
extension TestResponse {
    /// The status, and the text of the body where it is given.
    ///
    /// - Throws: `UnexpectedResponse`.
    @discardableResult
    public func expect(
        _ status: HTTPResponse.Status, text: String? = nil, fileID: String = #fileID, line: Int = #line
    ) throws -> TestResponse {
        let location = CodeLocation(fileID: fileID, line: line)
        try check(status, location)
        if let text, text != self.text {
            throw UnexpectedResponse(
                self, "Expected another text:\n\(LineDifference(from: text, to: self.text))", location)
        }
        return self
    }

    /// The status, and a body that is this JSON, however it is spaced and its keys are ordered.
    ///
    /// - Throws: `UnexpectedResponse`.
    @discardableResult
    public func expect(
        _ status: HTTPResponse.Status = .ok, json: String, fileID: String = #fileID, line: Int = #line
    ) throws -> TestResponse {
        let location = CodeLocation(fileID: fileID, line: line)
        try check(status, location)
        guard let expected = JSONValue(json) else { throw TestHostError("\(location): this is no JSON: \(json)") }
        guard let value = JSONValue(text) else { throw UnexpectedResponse(self, "The body is no JSON.", location) }
        guard value == expected else {
            let difference = LineDifference(from: expected.text(), to: value.text())
            throw UnexpectedResponse(self, "Expected other JSON:\n\(difference)", location)
        }
        return self
    }

    /// A header field.
    ///
    /// - Throws: `UnexpectedResponse`.
    @discardableResult
    public func expect(
        header name: HTTPField.Name, _ value: String, fileID: String = #fileID, line: Int = #line
    ) throws -> TestResponse {
        guard headers[name] == value else {
            let there = headers[name].map { "it is '\($0)'" } ?? "there is none"
            throw UnexpectedResponse(
                self, "Expected the field \(name.rawName) to be '\(value)', and \(there).",
                CodeLocation(fileID: fileID, line: line))
        }
        return self
    }

    /// An error as `application/problem+json` (RFC 9457).
    ///
    /// - Parameters:
    ///   - detail: what it tells the client; nil for anything.
    ///   - errors: a message for each field that is wrong, and no other field; nil for anything.
    /// - Throws: `UnexpectedResponse`.
    @discardableResult
    public func expectProblem(
        _ status: HTTPResponse.Status, detail: String? = nil, errors: [String: String]? = nil,
        fileID: String = #fileID, line: Int = #line
    ) throws -> TestResponse {
        let location = CodeLocation(fileID: fileID, line: line)
        func fail(_ problem: String) -> UnexpectedResponse { UnexpectedResponse(self, problem, location) }
        try check(status, location)
        let type = headers[.contentType] ?? "none"
        guard type.hasPrefix("application/problem+json") else {
            throw fail("Expected application/problem+json, and the Content-Type is \(type).")
        }
        let problem = try json(ProblemContent.self, fileID: fileID, line: line)
        guard problem.status == status.code else { throw fail("The problem's own status is \(problem.status).") }
        if let detail, problem.detail != detail { throw fail("Expected the detail '\(detail)'.") }
        guard let errors else { return self }
        let found = problem.errors ?? [:]
        var wrong: [String] = []
        for (field, message) in errors where found[field]?.contains(message) != true {
            wrong.append("- \(field): \(message)")
        }
        for (field, messages) in found where errors[field].map(messages.contains) != true {
            wrong += messages.map { "+ \(field): \($0)" }
        }
        guard wrong.isEmpty else {
            throw fail("Expected other errors of fields:\n\(wrong.sorted().joined(separator: "\n"))")
        }
        return self
    }

    private func check(_ status: HTTPResponse.Status, _ location: CodeLocation) throws {
        guard self.status != status else { return }
        throw UnexpectedResponse(self, "Expected \(status.code) \(status.reasonPhrase).", location)
    }
}

private struct ProblemContent: Decodable {
    let status: Int
    let detail: String?
    let errors: [String: [String]]?
}
