/// One round of holding values against their rules.
struct Validation {
    /// A question that has to be waited for.
    struct Question: Sendable {
        let field: String
        /// What is wrong, nil for nothing.
        let problem: @Sendable (Context) async throws -> String?
    }

    /// What could not be read: a placeholder may stand there, of which no rule says anything.
    let unread: FieldErrors
    private(set) var errors = FieldErrors()
    private(set) var questions: [Question] = []

    init(unread: FieldErrors = FieldErrors()) { self.unread = unread }

    /// True where nothing more is told, so that nothing more need be found.
    var isFull: Bool { errors.isCut }

    mutating func note(_ field: FieldPath, _ message: String) { errors.add(field.text, message) }

    mutating func ask(_ field: FieldPath, _ problem: @escaping @Sendable (Context) async throws -> String?) {
        questions.append(Question(field: field.text, problem: problem))
    }

    /// True where the field, a part of it, or what it is a part of could not be read.
    func isUnread(_ path: FieldPath) -> Bool {
        guard !unread.isEmpty else { return false }
        let field = path.text
        return unread.messages.contains { $0.field.isPart(of: field) || field.isPart(of: $0.field) }
    }
}

extension String {
    /// True for `items[2].price` and `items[2]`, and for a field and itself; all are parts of "", the whole.
    fileprivate func isPart(of field: String) -> Bool {
        guard !field.isEmpty, utf8.count != field.utf8.count else { return field.isEmpty || self == field }
        guard hasPrefix(field) else { return false }
        let next = utf8[utf8.index(utf8.startIndex, offsetBy: field.utf8.count)]
        return next == UInt8(ascii: ".") || next == UInt8(ascii: "[") || field.isEmpty
    }

    /// The name of a member of what has this name.
    func member(_ name: String) -> String { isEmpty || name.isEmpty ? self + name : "\(self).\(name)" }
}
