/// What a page may load, run and be framed by (Content Security Policy Level 3).
///
///     var policy = ContentSecurityPolicy()
///     policy[.imgSrc] = [.sameOrigin, "https://images.example", .scheme("data")]
///     policy[.frameAncestors] = [.sameOrigin]
public struct ContentSecurityPolicy: Sendable {
    /// Names what a list of sources is for.
    public struct Directive: Hashable, Sendable {
        let name: String

        /// One that has no name here: `Directive("worker-src")`. What is no name ends the start.
        public init(_ name: String) { self.name = name }

        /// What the others that name what is loaded fall back on.
        public static let defaultSrc = Directive("default-src")
        /// Scripts, and whoever runs them.
        public static let scriptSrc = Directive("script-src")
        /// Styles.
        public static let styleSrc = Directive("style-src")
        /// Images.
        public static let imgSrc = Directive("img-src")
        /// Fonts.
        public static let fontSrc = Directive("font-src")
        /// What scripts may ask: `fetch`, `EventSource`, `WebSocket`.
        public static let connectSrc = Directive("connect-src")
        /// Audio and video.
        public static let mediaSrc = Directive("media-src")
        /// Plugins.
        public static let objectSrc = Directive("object-src")
        /// What the page may frame.
        public static let frameSrc = Directive("frame-src")
        /// Workers.
        public static let workerSrc = Directive("worker-src")
        /// The manifest of a web app.
        public static let manifestSrc = Directive("manifest-src")
        /// What `<base>` may name.
        public static let baseURI = Directive("base-uri")
        /// Where forms may be sent.
        public static let formAction = Directive("form-action")
        /// Who may frame the page.
        public static let frameAncestors = Directive("frame-ancestors")
        /// Loads by TLS what the page names without.
        public static let upgradeInsecureRequests = Directive("upgrade-insecure-requests")
        /// Which sinks of the DOM take no strings.
        public static let requireTrustedTypesFor = Directive("require-trusted-types-for")
    }

    /// One thing that a directive allows.
    public struct Source: Hashable, Sendable, ExpressibleByStringLiteral {
        let text: String

        /// As it stands in a policy: `"https://images.example"`, `"*.example.com"`, `"'sha256-…'"`. One with blanks, commas or
        /// semicolons ends the start.
        public init(stringLiteral text: String) { self.text = text }
        /// The same for a text that is not in the source.
        public init(_ text: String) { self.text = text }

        /// `'none'`: nothing, and then it is alone.
        public static let none = Source("'none'")
        /// `'self'`: the page's own origin.
        public static let sameOrigin = Source("'self'")
        /// The nonce of the response, where something has asked for `ctx.cspNonce`; else nothing.
        public static let nonce = Source("nonce")
        /// `'strict-dynamic'`: what a script loads that is let in by its nonce.
        public static let strictDynamic = Source("'strict-dynamic'")
        /// `'unsafe-inline'`: every script and style of the page, an attacker's, too.
        public static let unsafeInline = Source("'unsafe-inline'")
        /// `'report-sample'`: reports have the beginning of what was kept out.
        public static let reportSample = Source("'report-sample'")
        /// Everything of a scheme: `.scheme("data")`.
        public static func scheme(_ name: String) -> Source { Source("\(name):") }
        /// A script or style with this digest, in base64.
        public static func sha256(_ digest: String) -> Source { Source("'sha256-\(digest)'") }
    }

    private var directives: [(directive: Directive, sources: [Source])]

    /// Where browsers send what was kept out, a path or a URL; nil for nowhere.
    public var reportsTo: String?

    /// Everything from the page's own origin, inline scripts and styles by their nonce, and nothing of what only attackers
    /// need: no plugins, no `<base>`, no frame around it, no forms to elsewhere.
    public init() {
        self.init([
            (.defaultSrc, [.sameOrigin]),
            (.scriptSrc, [.sameOrigin, .nonce]),
            (.styleSrc, [.sameOrigin, .nonce]),
            (.objectSrc, [.none]),
            (.baseURI, [.none]),
            (.formAction, [.sameOrigin]),
            (.frameAncestors, [.none]),
        ])
    }

    private init(_ directives: [(Directive, [Source])]) { self.directives = directives.map { ($0.0, $0.1) } }

    /// A policy that allows nothing at all, for what is no page: an interface that answers JSON.
    public static let nothing = ContentSecurityPolicy([
        (.defaultSrc, [.none]), (.baseURI, [.none]), (.formAction, [.none]), (.frameAncestors, [.none]),
    ])

    /// What a directive allows; nil leaves it out, so that it falls back on `default-src` or allows everything.
    public subscript(directive: Directive) -> [Source]? {
        get { directives.first { $0.directive == directive }?.sources }
        set {
            let index = directives.firstIndex { $0.directive == directive }
            switch (index, newValue) {
            case (let index?, let sources?): directives[index].sources = sources
            case (let index?, nil): directives.remove(at: index)
            case (nil, let sources?): directives.append((directive, sources))
            case (nil, nil): break
            }
        }
    }

    /// The value of the field in parts, between which a nonce goes.
    struct Template: Sendable {
        let parts: [String]
        /// The field where no nonce was asked for.
        let plain: String

        func text(nonce: String?) -> String {
            guard let nonce, parts.count > 1 else { return plain }
            return parts.joined(separator: " 'nonce-\(nonce)'")
        }
    }

    var template: Template {
        var parts = [""]
        func add(_ text: String) { parts[parts.count - 1] += text }
        for (index, entry) in directives.enumerated() {
            add("\(index == 0 ? "" : "; ")\(entry.directive.name)")
            for source in entry.sources where source != .nonce { add(" \(source.text)") }
            if entry.sources.contains(.nonce) { parts.append("") }
        }
        if let reportsTo { add("\(directives.isEmpty ? "" : "; ")report-uri \(reportsTo); report-to \(Self.endpoint)") }
        // A list of a nonce alone allows nothing where there is none.
        var plain = self
        plain.directives = directives.map { directive, sources in
            let others = sources.filter { $0 != .nonce }
            return (directive, others.isEmpty && sources.contains(.nonce) ? [.none] : others)
        }
        return Template(parts: parts, plain: parts.count == 1 ? parts[0] : plain.template.plain)
    }

    static let endpoint = "csp"

    /// What is wrong with it, as sentences.
    var problems: [String] {
        var problems: [String] = []
        for (directive, sources) in directives {
            if directive.name.isEmpty || !directive.name.utf8.allSatisfy({ (97...122).contains($0) || $0 == 0x2D }) {
                problems.append("'\(directive.name)' is no directive of a content security policy.")
            }
            for source in sources where !Self.isToken(source.text) {
                problems.append(
                    "'\(source.text)' is no source of \(directive.name): it has blanks, commas, semicolons or what is not ASCII."
                )
            }
            if sources.contains(.none), sources.count > 1 {
                problems.append("\(directive.name) has 'none' beside others: take it out, or the others.")
            }
            if sources.contains(where: { ["self", "none", "unsafe-inline", "strict-dynamic"].contains($0.text) }) {
                problems.append("\(directive.name) names a keyword without its quotes: write .sameOrigin for 'self'.")
            }
        }
        if let reportsTo, !Self.isToken(reportsTo) || reportsTo.contains("\"") {
            problems.append("'\(reportsTo)' is no place that reports can be sent to.")
        }
        return problems
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: ",") }
    }
}
