import HTTPTypes

/// The texts that clients are told when something is wrong with a request, by language.
///
/// A text is found by its English one. What differs from one time to the next has a name in braces there:
///
///     app.messages.add(["is required": "fehlt", "must be at least {min}": "muss mindestens {min} sein"], for: "de")
///     app.messages.add(["is required": "cannot be blank"], for: "en")
///
/// English and Chinese are there from the start. An answer is in the language that the request's `Accept-Language` likes best
/// of those that there are. What has no text in it stays as it is.
public struct Messages: Sendable {
    /// The language of requests that name none, or none that there is.
    public var defaultLanguage = "en"
    private var texts: [String: MessageTable] = ["en": MessageTable(), "zh": MessageTable(MessageTable.chinese)]
    /// What cannot be told, found while the app is put together.
    private(set) var problems: [String] = []

    package init() {}

    /// Adds texts, in place of those that were there.
    ///
    /// - Parameters:
    ///   - texts: by the English ones. A name in braces that the English text does not have ends the start-up with a sentence.
    ///   - language: a tag as `Accept-Language` has it, in any case: `de`, `zh-TW`. A request for `de-AT` gets `de`, where
    ///     there is no `de-AT`.
    public mutating func add(_ texts: [String: String], for language: String) {
        for (english, text) in texts {
            let known = MessageTemplate(english).names
            for name in MessageTemplate(text).names where !known.contains(name) {
                problems.append("The message '\(text)' has {\(name)}, which '\(english)' has not.")
            }
        }
        self.texts[language.lowercased(), default: MessageTable()].add(texts)
    }

    /// The language of the answer to a request with these header fields.
    func language(for headers: HTTPFields) -> String {
        guard headers.contains(.acceptLanguage) else { return defaultLanguage.lowercased() }
        let items = AcceptItem.items(of: .acceptLanguage, in: headers).filter { $0.weight > 0 }
        // The first of the heaviest; sorting keeps the order of equals.
        for item in items.enumerated().sorted(by: { ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset) }) {
            if let language = language(for: item.element.value) { return language }
        }
        return defaultLanguage.lowercased()
    }

    /// RFC 4647 section 3.4: less and less of the tag.
    private func language(for range: Substring) -> String? {
        var tag = range
        while !tag.isEmpty {
            if texts[String(tag)] != nil { return String(tag) }
            guard let hyphen = tag.lastIndex(of: "-") else { return nil }
            tag = tag[..<hyphen]
        }
        return nil
    }

    /// The text in a language; itself where there is none.
    func text(_ english: String, in language: String) -> String { texts[language]?.text(english) ?? english }
}

/// The texts of one language.
struct MessageTable: Sendable {
    private var whole: [String: String] = [:]
    /// Those with names in braces, the longest first, as the one that says most.
    private var templates: [Translation] = []

    private struct Translation: Sendable {
        let from: MessageTemplate
        let to: MessageTemplate
    }

    init(_ texts: [String: String] = [:]) { add(texts) }

    mutating func add(_ texts: [String: String]) {
        for (english, text) in texts {
            let template = MessageTemplate(english)
            guard !template.names.isEmpty else {
                whole[english] = text
                continue
            }
            templates.removeAll { $0.from == template }
            templates.append(Translation(from: template, to: MessageTemplate(text)))
        }
        templates.sort { ($1.from.length, $0.from.text) < ($0.from.length, $1.from.text) }
    }

    /// - Parameter depth: how many texts it stands in, each a value of the one before it.
    func text(_ english: String, depth: Int = 0) -> String {
        if let text = whole[english] { return text }
        guard depth < 4 else { return english }
        for template in templates {
            guard let values = template.from.values(in: english) else { continue }
            return template.to.filled(values.mapValues { text($0, depth: depth + 1) })
        }
        return english
    }
}

/// A text with places in it: `must be at least {min}`.
struct MessageTemplate: Sendable, Equatable {
    private enum Piece: Sendable, Equatable {
        case text(String)
        case value(String)
    }
    let text: String
    private var pieces: [Piece] = []

    /// A brace without its other one is text.
    init(_ text: String) {
        self.text = text
        var rest = text[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            if open > rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
            pieces.append(.value(String(rest[rest.index(after: open)..<close])))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
    }

    var names: [String] {
        pieces.compactMap { piece in
            if case .value(let name) = piece { name } else { nil }
        }
    }

    /// How much of it is said, the places left out.
    var length: Int {
        pieces.reduce(0) { sum, piece in
            if case .text(let text) = piece { sum + text.utf8.count } else { sum }
        }
    }

    /// What stands at the places of a text that was made from this; nil for one that was not.
    func values(in text: String) -> [String: String]? {
        var values: [String: String] = [:]
        var rest = text[...]
        var open: String?
        for piece in pieces {
            switch piece {
            case .value(let name):
                open = name
            case .text(let expected):
                guard let name = open else {
                    guard rest.hasPrefix(expected) else { return nil }
                    rest = rest.dropFirst(expected.count)
                    continue
                }
                guard let found = rest.firstRange(of: expected) else { return nil }
                values[name] = String(rest[..<found.lowerBound])
                rest = rest[found.upperBound...]
                open = nil
            }
        }
        if let open {
            values[open] = String(rest)
        } else if !rest.isEmpty {
            return nil
        }
        return values.values.contains("") ? nil : values
    }

    func filled(_ values: [String: String]) -> String {
        pieces.reduce(into: "") { text, piece in
            switch piece {
            case .text(let piece): text += piece
            case .value(let name): text += values[name] ?? "{\(name)}"
            }
        }
    }
}
