import Martlet

// The samples of Docs/validation.md, compiled.

let evenNumber = Rule<Int>.check("must be even") { $0.isMultiple(of: 2) }

@Controller
struct ArticleController {
    /// GET /article?limit=10&q=dune
    func index(
        @Valid(.range(1...100)) limit: Int = 20, @Query("q") @Valid(.length(2...80)) text: String?,
        @Valid(evenNumber) page: Int = 2
    ) -> String { "\(limit) of \(text ?? "all") from \(page)" }

    @POST func order(@Body order: PlacedOrder) -> Status { Status(.created) }
}

struct OrderLine: Decodable, Validatable, Sendable {
    let article: String
    let price: Double

    static let rules: Rules = [
        .field(\.article, .pattern(/[A-Z]{2}[0-9]+/, "must be like AB12")),
        .field(\.price, .range(0...10_000)),
    ]
}

struct PlacedOrder: Decodable, Validatable, Sendable {
    let email: String
    let coupon: String?
    let items: [OrderLine]

    static let rules: Rules = [
        .field(
            \.email, .email,
            .check("is not a customer") { email, ctx in
                try await ctx.services.resolve(Customers.self).has(email)
            }),
        .field(\.coupon, .length(8...8)),
        .field(\.items, .count(1...50)),
        .check("coupon", "is for orders of two and more") { $0.coupon == nil || $0.items.count > 1 },
    ]
}

actor Customers {
    func has(_ email: String) -> Bool { email.hasSuffix("@example.com") }
}

struct ShopApp: App {
    func configure(_ app: inout AppBuilder) {
        app.services.add(Customers())
        app.messages.add(["is required": "cannot be blank"], for: "en")
        app.messages.add(["is required": "fehlt", "must be at least {min}": "muss mindestens {min} sein"], for: "de")
    }
}

// MARK: - Forms that come back

struct SignUp: Decodable, Validatable, Sendable {
    let email: String
    let password: String
    let again: String

    static let rules: Rules = [
        .field(\.email, .email),
        .field(\.password, .length(8...100)),
        .check("again", "must be the same as the password") { $0.again == $0.password },
    ]
}

@Controller
struct SignUpController {
    /// GET /sign-up: the page, for the first time
    func index() -> HTML { HTML(page(Form())) }

    /// POST /sign-up: the next page, or this one again with what was typed and what is wrong
    func create(form: Form<SignUp>) -> Response {
        guard form.value != nil else {
            return Response(status: .unprocessableContent, text: page(form), contentType: "text/html; charset=utf-8")
        }
        return Response(status: .seeOther, headers: [.location: "/"])
    }

    private func page(_ form: Form<SignUp>) -> String {
        """
        <form method="post" action="\(Self.links.create())">
        <input name="email" value="\(form["email"].escapedForHTML)">
        <p>\(form.errors["email"].joined(separator: ", ").escapedForHTML)</p>
        <input name="password" type="password"><input name="again" type="password">
        </form>
        """
    }
}
