/// Who may do something, as a value: `@Authorize(policy: .role("admin") || .owner(of: "id") { … })`.
///
/// Name those of your app in an extension, and the compiler knows them:
///
///     extension AuthorizationPolicy {
///         static let staff = AuthorizationPolicy.role("editor", "admin") && .method("mfa")
///     }
///
/// Every policy but `everyone` asks for a user first: where there is none, the answer is 401, and else 403.
public struct AuthorizationPolicy: Sendable, CustomStringConvertible {
    /// What `routes` prints: `role admin`.
    public let description: String
    /// True where it may let in a client of whom nothing is known.
    public let allowsAnonymous: Bool
    let rule: Rule
    /// The places of the path that it reads.
    let places: Set<String>
    /// True where the description has to be put in brackets to stand beside another.
    private let isCompound: Bool

    enum Rule: Sendable {
        case immediate(@Sendable (User?, Context) throws -> Bool)
        case waiting(@Sendable (User?, Context) async throws -> Bool)

        func isMet(by user: User?, _ ctx: Context) async throws -> Bool {
            switch self {
            case .immediate(let isMet): try isMet(user, ctx)
            case .waiting(let isMet): try await isMet(user, ctx)
            }
        }
    }

    private init(
        _ description: String, allowsAnonymous: Bool = false, places: Set<String> = [], isCompound: Bool = false,
        _ rule: Rule
    ) {
        self.description = description
        self.allowsAnonymous = allowsAnonymous
        self.places = places
        self.isCompound = isCompound
        self.rule = rule
    }

    /// - Parameters:
    ///   - description: a few words that say who is meant.
    ///   - isAllowed: decides without waiting; what it throws answers the request.
    public init(_ description: String, _ isAllowed: @escaping @Sendable (User, Context) throws -> Bool) {
        self.init(description, .immediate { user, ctx in try user.map { try isAllowed($0, ctx) } ?? false })
    }

    /// A policy that has to ask elsewhere.
    ///
    /// - Parameters:
    ///   - description: a few words that say who is meant.
    ///   - isAllowed: what it throws answers the request.
    public init(
        _ description: String, waiting isAllowed: @escaping @Sendable (User, Context) async throws -> Bool
    ) {
        self.init(
            description,
            .waiting { user, ctx in
                guard let user else { return false }
                return try await isAllowed(user, ctx)
            })
    }
}

// MARK: - The usual ones

extension AuthorizationPolicy {
    /// Whoever asks.
    public static let everyone = AuthorizationPolicy("everyone", allowsAnonymous: true, .immediate { _, _ in true })

    /// Every user.
    public static let authenticated = AuthorizationPolicy("any user") { _, _ in true }

    /// Users who have one of these roles.
    public static func role(_ roles: String...) -> AuthorizationPolicy { .roles(roles) }

    static func roles(_ roles: [String]) -> AuthorizationPolicy {
        AuthorizationPolicy("role \(roles.joined(separator: " or "))") { user, _ in
            roles.contains { user.roles.contains($0) }
        }
    }

    /// Users who have a claim, with one of these values where there are any.
    public static func claim(_ name: String, _ values: String...) -> AuthorizationPolicy {
        let wanted = values.isEmpty ? "" : " \(values.joined(separator: " or "))"
        return AuthorizationPolicy("claim \(name)\(wanted)") { user, _ in
            guard let value = user.claims[name] else { return false }
            return values.isEmpty || values.contains(value)
        }
    }

    /// Proofs with a scope, as tokens and API keys have them: one of the words in the claim `scope` (RFC 8693 section 4.2).
    public static func scope(_ scope: String) -> AuthorizationPolicy {
        AuthorizationPolicy("scope \(scope)") { user, _ in
            user.claims["scope"]?.split(separator: " ").contains { $0 == scope } ?? false
        }
    }

    /// Users whom one of these schemes has proved.
    public static func scheme(_ names: String...) -> AuthorizationPolicy {
        AuthorizationPolicy("by \(names.joined(separator: " or "))") { user, _ in
            user.proof.map { names.contains($0.scheme) } ?? false
        }
    }

    /// Users who were recognised by a method of RFC 8176, such as `mfa`.
    public static func method(_ name: String) -> AuthorizationPolicy {
        AuthorizationPolicy("by \(name)") { user, _ in user.proof?.methods.contains(name) ?? false }
    }

    /// Users to whom belongs what a `{name}` of the path leads to.
    ///
    ///     @Authorize(policy: .owner(of: "id") { (user, id: Int, ctx) in
    ///         try await ctx.services.resolve(Orders.self).owner(of: id) == user.id
    ///     })
    ///     @DELETE func delete(id: Int) …
    ///
    /// - Parameters:
    ///   - place: the place of the path; a route that has none ends the start.
    ///   - isOwner: is given its value as the action's parameter would be. A value that is none is answered with 400.
    public static func owner<Value: FieldConvertible>(
        of place: String, _ isOwner: @escaping @Sendable (User, Value, Context) async throws -> Bool
    ) -> AuthorizationPolicy {
        AuthorizationPolicy(
            "owner of {\(place)}", places: [place],
            .waiting { user, ctx in
                guard let user else { return false }
                guard let value = ctx.parameter(place).flatMap(Value.init(field:)) else {
                    throw HTTPError(
                        .badRequest, "The request's fields cannot be read.",
                        fieldErrors: FieldErrors(place, "must be \(Value.expectation)"))
                }
                return try await isOwner(user, value, ctx)
            })
    }
}

// MARK: - Combined

extension AuthorizationPolicy {
    /// Those who meet all of these.
    public static func all(_ policies: AuthorizationPolicy...) -> AuthorizationPolicy { .all(policies) }

    static func all(_ policies: [AuthorizationPolicy]) -> AuthorizationPolicy {
        guard policies.count != 1 else { return policies[0] }
        return combined(policies, by: "and", allowsAnonymous: policies.allSatisfy(\.allowsAnonymous), stopsAt: false)
    }

    /// Those who meet one of these.
    public static func any(_ policies: AuthorizationPolicy...) -> AuthorizationPolicy {
        guard policies.count != 1 else { return policies[0] }
        return combined(policies, by: "or", allowsAnonymous: policies.contains(where: \.allowsAnonymous), stopsAt: true)
    }

    /// Users who do not meet it; it still takes a user.
    public static func not(_ policy: AuthorizationPolicy) -> AuthorizationPolicy {
        let rule: Rule =
            switch policy.rule {
            case .immediate(let isMet): .immediate { user, ctx in try user != nil && !isMet(user, ctx) }
            case .waiting(let isMet):
                .waiting { user, ctx in
                    guard user != nil else { return false }
                    return try await !isMet(user, ctx)
                }
            }
        return AuthorizationPolicy("not \(policy.inBrackets)", places: policy.places, rule)
    }

    /// Those who meet both.
    public static func && (first: AuthorizationPolicy, second: AuthorizationPolicy) -> AuthorizationPolicy {
        .all(first, second)
    }

    /// Those who meet one of the two.
    public static func || (first: AuthorizationPolicy, second: AuthorizationPolicy) -> AuthorizationPolicy {
        .any(first, second)
    }

    /// Users who do not meet it.
    public static prefix func ! (policy: AuthorizationPolicy) -> AuthorizationPolicy { .not(policy) }

    private var inBrackets: String { isCompound ? "(\(description))" : description }

    /// - Parameter end: the result at which the rest need not be asked.
    private static func combined(
        _ policies: [AuthorizationPolicy], by word: String, allowsAnonymous: Bool, stopsAt end: Bool
    ) -> AuthorizationPolicy {
        let immediate = policies.compactMap { if case .immediate(let isMet) = $0.rule { isMet } else { nil } }
        let rules = policies.map(\.rule)
        let rule: Rule =
            if immediate.count == policies.count {
                .immediate { user, ctx in
                    for isMet in immediate where try isMet(user, ctx) == end { return end }
                    return !end
                }
            } else {
                .waiting { user, ctx in
                    for rule in rules where try await rule.isMet(by: user, ctx) == end { return end }
                    return !end
                }
            }
        return AuthorizationPolicy(
            policies.map(\.inBrackets).joined(separator: " \(word) "), allowsAnonymous: allowsAnonymous,
            places: policies.reduce(into: []) { $0.formUnion($1.places) }, isCompound: true, rule)
    }
}
