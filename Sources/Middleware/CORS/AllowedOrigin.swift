extension CORS {
    /// An origin, or a pattern of origins, whose pages may read what the app answers.
    public struct AllowedOrigin: Sendable, ExpressibleByStringLiteral {
        enum Rule: Sendable {
            case exact(String)
            case subdomains(WebOrigin, suffix: String)
            case anyPort(WebOrigin)
            case opaque
            case matching(@Sendable (WebOrigin) -> Bool)
            case wrong(String)
        }
        let rule: Rule

        init(rule: Rule) { self.rule = rule }

        /// This origin and no other: `"https://partner.example"`, as browsers write it. Another text ends the start.
        public init(stringLiteral origin: String) { self = .exact(origin) }

        /// This origin and no other: one that is not in the source, but in the environment, say.
        public static func exact(_ origin: String) -> AllowedOrigin { read(origin) { .exact($0.description) } }

        /// The origins whose hosts end in this one's, at any depth: `https://a.example.com`, not `https://example.com`
        /// itself. Scheme and port are the same. Whoever has one subdomain, has the app's trust.
        public static func subdomains(of origin: String) -> AllowedOrigin {
            read(origin) { .subdomains($0, suffix: "." + $0.host) }
        }

        /// The same scheme and host at any port: `http://localhost`, while developing.
        public static func anyPort(of origin: String) -> AllowedOrigin { read(origin) { .anyPort($0) } }

        /// `null`: pages in sandboxed frames, from files and from `data:` URLs, everybody's.
        public static let opaque = AllowedOrigin(rule: .opaque)

        /// The origins that a function takes, on the event loop: a look into a table.
        public static func matching(_ isAllowed: @escaping @Sendable (WebOrigin) -> Bool) -> AllowedOrigin {
            AllowedOrigin(rule: .matching(isAllowed))
        }

        private static func read(_ text: String, _ rule: (WebOrigin) -> Rule) -> AllowedOrigin {
            AllowedOrigin(rule: WebOrigin(text).map(rule) ?? .wrong(sentence(for: text)))
        }

        private static func sentence(for text: String) -> String {
            switch text {
            case "*": "CORS takes no \"*\" in its list of origins: write CORS.anyOrigin(), which has no credentials."
            case "null":
                "CORS takes no \"null\" in its list of origins: write .opaque, if everybody's sandbox is meant."
            default:
                """
                '\(text)' is no origin: write it as browsers do, https://partner.example or http://localhost:3000, in lower \
                case, without a path, without the scheme's own port, and names in ASCII (xn--…).
                """
            }
        }

        var problem: String? { if case .wrong(let sentence) = rule { sentence } else { nil } }

        /// - Parameters:
        ///   - text: what the field says.
        ///   - origin: the same, read; nil for `null` and what is none.
        func allows(_ text: String, _ origin: WebOrigin?) -> Bool {
            switch rule {
            case .exact(let exact): return text == exact
            case .opaque: return text == "null"
            case .wrong: return false
            case .subdomains(let parent, let suffix):
                guard let origin else { return false }
                return origin.scheme == parent.scheme && origin.port == parent.port && origin.host.hasSuffix(suffix)
            case .anyPort(let one): return origin?.scheme == one.scheme && origin?.host == one.host
            case .matching(let isAllowed): return origin.map(isAllowed) ?? false
            }
        }

        var isExact: Bool { if case .exact = rule { true } else { false } }
    }
}
