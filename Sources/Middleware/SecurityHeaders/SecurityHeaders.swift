import HTTPTypes
import MartletCore

/// Tells browsers what a response may do, and what may be done with it: no guessing of types, a content security policy with
/// nonces, TLS alone, no frames around it, no windows that reach into it, no devices.
///
///     app.use(SecurityHeaders())
///
/// What an action has set of these fields itself stays. On a controller or an action it stands in place of the app's.
public struct SecurityHeaders: ImmediateMiddleware {
    /// How long a browser is to use TLS alone (RFC 6797); told over TLS only.
    public struct StrictTransport: Sendable {
        let value: String
        let problem: String?

        /// - Parameters:
        ///   - maxAge: from each response on.
        ///   - includesSubdomains: true where all subdomains have TLS, too.
        ///   - isPreloaded: true where the domain is to be on the browsers' own list: a year at least, with its subdomains.
        public init(
            maxAge: Duration = .seconds(365 * 24 * 3600), includesSubdomains: Bool = true, isPreloaded: Bool = false
        ) {
            let seconds = maxAge.components.seconds
            value =
                "max-age=\(max(0, seconds))\(includesSubdomains ? "; includeSubDomains" : "")"
                + (isPreloaded ? "; preload" : "")
            problem =
                isPreloaded && (!includesSubdomains || seconds < 365 * 24 * 3600)
                ? "The browsers' list of hosts with TLS takes those alone that say a year at least, and their subdomains."
                : nil
        }
    }

    /// How much of a page's address others are told when it links to them (Referrer Policy).
    public enum ReferrerPolicy: String, Sendable {
        /// Nothing.
        case noReferrer = "no-referrer"
        /// All of it, to the page's own origin alone.
        case sameOrigin = "same-origin"
        /// The origin.
        case strictOrigin = "strict-origin"
        /// All of it to its own origin, the origin to others, and nothing where TLS ends.
        case strictOriginWhenCrossOrigin = "strict-origin-when-cross-origin"
    }

    /// Whether a page shares its group of windows with pages of other origins that open it or that it opens (HTML,
    /// `Cross-Origin-Opener-Policy`).
    public enum OpenerPolicy: String, Sendable {
        /// With those of its origin alone.
        case sameOrigin = "same-origin"
        /// With those that it opens, too: sign-in or payment in a window of its own.
        case sameOriginAllowPopups = "same-origin-allow-popups"
        /// With everybody.
        case unsafeNone = "unsafe-none"
    }

    /// Whose pages may take it in as an image, a script or the like without asking (Fetch, `Cross-Origin-Resource-Policy`).
    public enum ResourcePolicy: String, Sendable {
        /// Those of its origin.
        case sameOrigin = "same-origin"
        /// Those of its site: subdomains.
        case sameSite = "same-site"
        /// Everybody's.
        case crossOrigin = "cross-origin"
    }

    private let fields: Fields

    /// Each of the fields; nil leaves one out.
    ///
    /// - Parameters:
    ///   - contentSecurityPolicy: what a page may load and run.
    ///   - reportOnly: a policy that is only reported on: the next one, while the first one holds.
    ///   - strictTransport: TLS from now on, where the request came by it.
    ///   - referrerPolicy: what others are told of a page's address.
    ///   - openerPolicy: whom a page shares its group of windows with.
    ///   - resourcePolicy: who may take in what is here.
    ///   - permissionsPolicy: which features of the browser a page may use.
    public init(
        contentSecurityPolicy: ContentSecurityPolicy? = ContentSecurityPolicy(),
        reportOnly: ContentSecurityPolicy? = nil, strictTransport: StrictTransport? = StrictTransport(),
        referrerPolicy: ReferrerPolicy? = .strictOriginWhenCrossOrigin, openerPolicy: OpenerPolicy? = .sameOrigin,
        resourcePolicy: ResourcePolicy? = .sameOrigin, permissionsPolicy: PermissionsPolicy? = PermissionsPolicy()
    ) {
        var constant: [(HTTPField.Name?, String)] = [(.xContentTypeOptions, "nosniff")]
        if let referrerPolicy { constant.append((HTTPField.Name("Referrer-Policy"), referrerPolicy.rawValue)) }
        if let openerPolicy {
            constant.append((HTTPField.Name("Cross-Origin-Opener-Policy"), openerPolicy.rawValue))
        }
        if let resourcePolicy {
            constant.append((HTTPField.Name("Cross-Origin-Resource-Policy"), resourcePolicy.rawValue))
        }
        if let permissionsPolicy { constant.append((HTTPField.Name("Permissions-Policy"), permissionsPolicy.text)) }
        // For browsers that do not know frame-ancestors.
        switch contentSecurityPolicy?[.frameAncestors] {
        case [.none]: constant.append((HTTPField.Name("X-Frame-Options"), "DENY"))
        case [.sameOrigin]: constant.append((HTTPField.Name("X-Frame-Options"), "SAMEORIGIN"))
        default: break
        }
        let places = [contentSecurityPolicy?.reportsTo, reportOnly?.reportsTo].compactMap(\.self)
        if let place = places.first {
            constant.append(
                (HTTPField.Name("Reporting-Endpoints"), "\(ContentSecurityPolicy.endpoint)=\"\(place)\""))
        }
        var problems = (contentSecurityPolicy?.problems ?? []) + (reportOnly?.problems ?? [])
        problems += (permissionsPolicy?.problems ?? []) + [strictTransport?.problem].compactMap(\.self)
        if Set(places).count > 1 {
            problems.append("Both content security policies report to the same place, or one to none.")
        }
        fields = Fields(
            constant: constant.compactMap { name, value in name.map { HTTPField(name: $0, value: value) } },
            policy: contentSecurityPolicy?.template, reportOnly: reportOnly?.template,
            strictTransport: strictTransport?.value, problems: problems)
    }

    /// Adds the fields to whatever response there is.
    public func answer(_ ctx: Context, next: Next) -> Answer {
        next.answer(ctx) { [fields] response in
            fields.add(
                to: &response.headers, nonce: ctx.cspNonceInUse, isSecure: ctx.request.scheme == "https")
        }
    }

}

extension SecurityHeaders: SingularMiddleware, PlacedMiddleware, CheckedMiddleware {
    /// Before what refuses requests, so that a refusal has them, too.
    public var place: MiddlewarePlace { MiddlewarePlace(precedes: [RateLimit.self]) }

    /// - Throws: `StartupError` for what cannot stand in one of the fields.
    public func check() throws {
        if let first = fields.problems.first { throw StartupError(first) }
    }
}

/// The fields as they are sent.
// An object, because the closures of requests carry it along.
private final class Fields: Sendable {
    /// All that a response without a nonce has, over TLS and without.
    private let secure: HTTPFields
    private let insecure: HTTPFields
    private let policy: ContentSecurityPolicy.Template?
    private let reportOnly: ContentSecurityPolicy.Template?
    /// A bit for each length of their names.
    private let lengths: UInt64
    let problems: [String]

    init(
        constant: [HTTPField], policy: ContentSecurityPolicy.Template?, reportOnly: ContentSecurityPolicy.Template?,
        strictTransport: String?, problems: [String]
    ) {
        var fields = HTTPFields()
        for field in constant { fields.append(field) }
        if let policy { fields.append(HTTPField(name: .contentSecurityPolicy, value: policy.plain)) }
        if let reportOnly { fields.append(HTTPField(name: .contentSecurityPolicyReportOnly, value: reportOnly.plain)) }
        insecure = fields
        if let strictTransport { fields.append(HTTPField(name: .strictTransportSecurity, value: strictTransport)) }
        secure = fields
        lengths = fields.reduce(0) { $0 | Self.bit($1.name) }
        self.policy = policy
        self.reportOnly = reportOnly
        self.problems = problems
    }

    func add(to headers: inout HTTPFields, nonce: String?, isSecure: Bool) {
        var fields = isSecure ? secure : insecure
        if let nonce {
            if let policy { fields[.contentSecurityPolicy] = policy.text(nonce: nonce) }
            if let reportOnly { fields[.contentSecurityPolicyReportOnly] = reportOnly.text(nonce: nonce) }
        }
        for field in headers where lengths & Self.bit(field.name) != 0 && fields.contains(field.name) {
            fields[fields: field.name] = []
        }
        // Behind those that are the same for all, which are copied once.
        fields.append(contentsOf: headers)
        headers = fields
    }

    /// Nearly all fields that responses have besides are told from these by the length of their names.
    private static func bit(_ name: HTTPField.Name) -> UInt64 { 1 << UInt64(min(63, name.canonicalName.utf8.count)) }
}
