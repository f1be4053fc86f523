extension PathTemplate.Segment: CustomStringConvertible {
    /// The parameter's name; a literal has none.
    public var name: String? {
        switch self {
        case .literal: nil
        case .parameter(let name), .optional(let name), .catchAll(let name): name
        }
    }

    /// As it stands in a template.
    public var description: String {
        switch self {
        case .literal(let text): text
        case .parameter(let name): "{\(name)}"
        case .optional(let name): "{\(name)?}"
        case .catchAll(let name): "{\(name)...}"
        }
    }

    /// Reads what stands between two slashes of `template`, which is only for the error.
    init(parsing text: String, in template: String) throws(PathTemplateError) {
        guard text.unicodeScalars.contains(where: { $0 == "{" || $0 == "}" }) else {
            if let fault = Self.fault(inLiteral: text) { throw PathTemplateError(template: template, reason: fault) }
            self = .literal(text)
            return
        }
        if let fault = Self.fault(inBracesOf: text) { throw PathTemplateError(template: template, reason: fault) }
        let inside = text.unicodeScalars.dropFirst().dropLast()
        let name: String
        if inside.suffix(3).elementsEqual("...".unicodeScalars) {
            name = String(inside.dropLast(3))
            self = .catchAll(name)
        } else if inside.last == "?" {
            name = String(inside.dropLast())
            self = .optional(name)
        } else {
            name = String(inside)
            self = .parameter(name)
        }
        if let fault = Self.fault(inName: name) { throw PathTemplateError(template: template, reason: fault) }
    }

    private static func fault(inLiteral text: String) -> String? {
        if text == "." || text == ".." { return "a segment cannot be \"\(text)\"" }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "?": return "\"?\" begins a query, which is no part of a path"
            case "#": return "\"#\" begins a fragment, which is no part of a path"
            case "%": return "\"%\" is for encoded paths; write the text decoded"
            case _ where scalar.properties.generalCategory == .control: return "it contains a control character"
            case _ where scalar.properties.isWhitespace: return "it contains white space"
            default: continue
            }
        }
        return nil
    }

    private static func fault(inBracesOf text: String) -> String? {
        var depth = 0
        for scalar in text.unicodeScalars {
            if scalar == "{" { depth += 1 }
            if scalar == "}" { depth -= 1 }
            if depth > 1 { return "the braces in \"\(text)\" are nested" }
            if depth < 0 { break }
        }
        if depth != 0 { return "the braces in \"\(text)\" are unbalanced" }
        let braces = text.unicodeScalars.count { $0 == "{" }
        let isWhole = braces == 1 && text.unicodeScalars.first == "{" && text.unicodeScalars.last == "}"
        return isWhole ? nil : "a parameter is a whole segment, and \"\(text)\" is more than one"
    }

    private static func fault(inName name: String) -> String? {
        guard let first = name.unicodeScalars.first else { return "a parameter has no name; write {id}" }
        let isIdentifier =
            name != "_" && (first == "_" || first.properties.isXIDStart)
            && name.unicodeScalars.allSatisfy(\.properties.isXIDContinue)
        return isIdentifier ? nil : "\"\(name)\" is not a name: use letters, digits and \"_\", and no digit first"
    }
}
