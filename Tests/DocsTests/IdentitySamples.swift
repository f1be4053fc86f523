import Foundation
import Martlet
import MartletIdentity
import Synchronization

// MARK: - Passwords

/// Who has a password, for as long as the process lives.
final class Members: Sendable {
    private let hashes = Mutex<[String: PasswordHash]>([:])

    func hash(of name: String) async -> PasswordHash? { hashes.withLock { $0[name] } }
    func keep(_ hash: PasswordHash, of name: String) async { hashes.withLock { $0[name] = hash } }

    /// - Returns: false where somebody has the name.
    func add(_ name: String, _ hash: PasswordHash) async -> Bool {
        hashes.withLock { hashes in
            guard hashes[name] == nil else { return false }
            hashes[name] = hash
            return true
        }
    }
}

struct MemberApp: App {
    func configure(_ app: inout AppBuilder) {
        app.services.add(PasswordHasher())
        app.services.add(Members())
        app.controllers(MemberController.self)
    }
}

@Controller("members")
struct MemberController {
    let hasher: PasswordHasher
    let members: Members

    /// POST /members
    func create(@Valid(.length(1...40)) name: String, @Valid(.password) password: String) async throws -> String {
        let problems = PasswordPolicy().problems(with: password, of: [name])
        guard problems.isEmpty else {
            throw HTTPError(.unprocessableContent, fieldErrors: FieldErrors("password", problems[0]))
        }
        guard await members.add(name, try await hasher.hash(password)) else {
            throw HTTPError(.conflict, "Somebody has that name.")
        }
        return "welcome"
    }

    /// POST /members/sign-in
    @POST func signIn(name: String, password: String) async throws -> String {
        let verification = try await hasher.verify(password, against: await members.hash(of: name))
        guard verification.isRight else { throw HTTPError(.unauthorized, "Name or password is wrong.") }
        if verification == .rightNeedsRehash { await members.keep(try await hasher.hash(password), of: name) }
        return "hello"
    }
}

// MARK: - Codes, tokens and keys

/// What the store keeps of a member's second factor.
struct SecondFactor {
    var secret: String
    var lastStep: Int64?
    var recoveryHashes: [String]
}

func turnOn(for address: String) -> (kept: SecondFactor, qrCode: String, toPrint: [String]) {
    let totp = TOTP()
    let codes = RecoveryCodes()
    let kept = SecondFactor(secret: totp.secret, lastStep: nil, recoveryHashes: codes.hashes)
    return (kept, totp.uri(issuer: "Shop", account: address), codes.texts)
}

func isRight(_ code: String, for factor: inout SecondFactor, now: Date) -> Bool {
    if let step = TOTP(secret: factor.secret)?.verify(code, now: now, after: factor.lastStep) {
        factor.lastStep = step
        return true
    }
    guard let index = RecoveryCodes.index(of: code, in: factor.recoveryHashes) else { return false }
    factor.recoveryHashes.remove(at: index)
    return true
}

struct PasswordResets {
    let tokens: OneTimeTokens
    let members: Members

    init(keys: KeyRing, members: Members) {
        tokens = OneTimeTokens("reset-password", keys: keys, lifetime: .seconds(3600))
        self.members = members
    }

    /// The link for the message to the user.
    func link(for name: String, now: Date) async throws -> String? {
        guard let hash = await members.hash(of: name) else { return nil }
        return "https://shop.example/reset?token=\(try tokens.token(for: name, state: hash.rawValue, now: now))"
    }

    /// Whose password may be set with the token.
    func name(for token: String, now: Date) async -> String? {
        await tokens.subject(of: token, now: now) { name in await members.hash(of: name)?.rawValue }
    }
}

func newKey() throws -> (toShow: String, toStore: String, toList: String) {
    let key = try APIKey(prefix: "shop")
    return (key.text, key.hash, key.hint)
}

func storedHash(for text: String) -> String? { APIKey(text)?.hash }

// MARK: - Cookies

/// Those of the variable COOKIE_KEYS, with commas between them; without it, on a developer's machine, some for this run.
func cookieKeys() throws -> KeyRing {
    guard let keys = ProcessInfo.processInfo.environment["COOKIE_KEYS"] else { return .temporary() }
    return try KeyRing(keys.split(separator: ",").map(String.init))
}

@Controller("theme")
struct ThemeController {
    /// POST /theme
    func create(name: String, _ ctx: Context) throws {
        var cookie = try SetCookie("__Host-theme", name, maxAge: .seconds(400 * 24 * 3600))
        cookie.sameSite = .strict
        ctx.response.setCookie(cookie)
    }

    /// GET /theme
    func index(_ request: Request) -> String { request.cookie("__Host-theme") ?? "light" }
}

@Controller("cart")
struct CartController {
    let cart: ProtectedCookie<[Int]>

    /// POST /cart
    func create(id: Int, _ ctx: Context) throws -> [Int] {
        let items = (cart.get(ctx, now: Date()) ?? []) + [id]
        try cart.set(items, ctx, now: Date())
        return items
    }

    /// DELETE /cart
    @DELETE("") func empty(_ ctx: Context) { cart.remove(ctx) }
}

struct CartApp: App {
    func configure(_ app: inout AppBuilder) throws {
        let fortnight = Duration.seconds(14 * 24 * 3600)
        app.services.add(try ProtectedCookie<[Int]>("cart", keys: cookieKeys(), lifetime: fortnight))
        app.controllers(CartController.self)
    }
}

@Controller("notes")
struct NoteController {
    /// POST /notes
    func create(text: String, _ ctx: Context) -> Redirect {
        ctx.flash.add("Saved.")
        return Redirect(to: "/notes")
    }

    /// GET /notes
    func index(_ ctx: Context) -> String {
        ctx.flash.take().map(\.text).joined(separator: "\n")
    }
}

struct NoteApp: App {
    func configure(_ app: inout AppBuilder) throws {
        app.use(try FlashMessages(keys: cookieKeys()))
        app.controllers(NoteController.self)
    }
}
