extension PathTemplate.Segment: CustomStringConvertible {
    /// The names of its parameters, in order; a literal has none.
    public var names: [String] {
        switch self {
        case .literal: []
        case .parameter(let name), .optional(let name), .catchAll(let name): [name]
        case .pattern(let parts): parts.compactMap(\.name)
        }
    }

    /// As it stands in a template.
    public var description: String {
        switch self {
        case .literal(let text): text
        case .parameter(let name): "{\(name)}"
        case .optional(let name): "{\(name)?}"
        case .catchAll(let name): "{\(name)...}"
        case .pattern(let parts): parts.map(\.description).joined()
        }
    }

    /// Reads what stands between two slashes of `template`, which is only for the error.
    init(parsing text: String, in template: String) throws(PathTemplateError) {
        guard text.unicodeScalars.contains(where: { $0 == "{" || $0 == "}" }) else {
            if text == "." || text == ".." {
                throw PathTemplateError(template: template, reason: "a segment cannot be \"\(text)\"")
            }
            if let fault = Self.fault(inLiteral: text) { throw PathTemplateError(template: template, reason: fault) }
            self = .literal(text)
            return
        }
        if let fault = Self.fault(inBracesOf: text) { throw PathTemplateError(template: template, reason: fault) }
        guard Self.isOnePair(text) else {
            self = .pattern(try Self.parts(of: text, in: template))
            return
        }
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

    /// What a segment is made of that is more than one parameter; its braces are in pairs.
    private static func parts(of text: String, in template: String) throws(PathTemplateError) -> [Part] {
        var parts: [Part] = []
        for piece in text.unicodeScalars.split(separator: "}") {
            let opening = piece.firstIndex(of: "{") ?? piece.endIndex
            let literal = String(piece[..<opening])
            if !literal.isEmpty {
                if let fault = Self.fault(inLiteral: literal) {
                    throw PathTemplateError(template: template, reason: fault)
                }
                parts.append(.literal(literal))
            }
            guard opening < piece.endIndex else { continue }
            let name = String(piece[opening...].dropFirst())
            if name.hasSuffix("?") || name.hasSuffix("...") {
                throw PathTemplateError(
                    template: template, reason: "{\(name)} must be a whole segment, and \"\(text)\" is more")
            }
            if let fault = Self.fault(inName: name) { throw PathTemplateError(template: template, reason: fault) }
            if case .parameter(let before) = parts.last {
                throw PathTemplateError(
                    template: template, reason: "text must stand between {\(before)} and {\(name)}, to tell them apart")
            }
            parts.append(.parameter(name))
        }
        return parts
    }

    private static func fault(inLiteral text: String) -> String? {
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
        return depth == 0 ? nil : "the braces in \"\(text)\" are unbalanced"
    }

    /// True for `{`, anything without braces, and `}`.
    private static func isOnePair(_ text: String) -> Bool {
        text.unicodeScalars.first == "{" && text.unicodeScalars.firstIndex(of: "}") == text.unicodeScalars.indices.last
    }

    private static func fault(inName name: String) -> String? {
        guard let first = name.unicodeScalars.first else { return "a parameter has no name; write {id}" }
        let isIdentifier =
            name != "_" && (first == "_" || first.properties.isXIDStart)
            && name.unicodeScalars.allSatisfy(\.properties.isXIDContinue)
        return isIdentifier ? nil : "\"\(name)\" is not a name: use letters, digits and \"_\", and no digit first"
    }
}

extension PathTemplate.Segment.Part: CustomStringConvertible {
    /// The parameter's name; a literal has none.
    public var name: String? {
        switch self {
        case .literal: nil
        case .parameter(let name): name
        }
    }

    /// As it stands in a template.
    public var description: String {
        switch self {
        case .literal(let text): text
        case .parameter(let name): "{\(name)}"
        }
    }
}
