import Martlet
import MartletIdentity
import MartletJWT

/// Who uses the app: users with an account and, where no database keeps those, guests, who only say who they are.
struct Members: UserDirectory {
    let accounts: Accounts
    /// The only admin; nil where the accounts' roles say who that is.
    let admin: User.ID?
    let takesGuests: Bool

    static let adminRole = "admin"

    func knownUser(_ id: User.ID, _ ctx: Context) -> User?? {
        accounts.knownUser(id, ctx).map { member(id, $0, guestName: ctx.session[.guestName]) }
    }

    func user(_ id: User.ID, _ ctx: Context) async throws -> User? {
        member(id, try await accounts.user(id, ctx), guestName: ctx.session[.guestName])
    }

    /// Whose a token is that this app has made.
    func user(of token: JWTClaims, _ ctx: Context) async throws -> User? {
        // A guest has shown nothing.
        let guestName = token.list("amr") == nil ? token.user.displayName : nil
        return member(token.subject, try await accounts.user(token.subject, ctx), guestName: guestName)
    }

    /// - Parameter guestName: what a guest is called; nil for whoever has shown a password.
    private func member(_ id: User.ID, _ user: User?, guestName: String?) -> User? {
        guard var member = guestName.map({ User(id: id, name: $0) }) ?? user else { return nil }
        // A guest is nobody any more when somebody else has registered the id.
        if guestName != nil, user != nil || !takesGuests { return nil }
        if let admin {
            member.roles.remove(Self.adminRole)
            if id == admin { member.roles.insert(Self.adminRole) }
        }
        return member
    }

    // MARK: - Coming in

    /// Makes an account and signs its user in.
    ///
    /// - Throws: `HTTPError` 422 with what is wrong with the fields.
    func register(_ id: User.ID, name: String, password: String, _ ctx: Context) async throws {
        do {
            let account = try await accounts.register(name: id, password: password, id: id, displayName: name, ctx)
            // Whoever was here as a guest of this id was somebody else, or is here anew.
            try await accounts.signOutEverywhere(id, ctx)
            ctx.session.destroy()
            ctx.auth.signIn(account.user)
        } catch let error as HTTPError {
            throw error.renamingFields(["name": "user_id", "id": "user_id"])
        }
    }

    /// Signs in a user with an account.
    ///
    /// - Throws: `HTTPError` 401 where id or password is wrong, 429 and 503 where there were too many.
    func signIn(_ id: User.ID, password: String, _ ctx: Context) async throws {
        guard case .signedIn = try await accounts.signIn(name: id, password: password, ctx) else {
            throw HTTPError(.forbidden, "This account has a second factor.")
        }
        ctx.session[.guestName] = nil
    }

    /// Signs in whoever says so.
    ///
    /// - Throws: `HTTPError` 422 where a password is asked of everybody, 401 where it is of this user.
    func signInGuest(_ id: User.ID, name: String, _ ctx: Context) async throws {
        guard takesGuests else { throw HTTPError.wrong("password", "is required") }
        guard try await accounts.store.account(nameKey: Account.key(of: id)) == nil else {
            throw HTTPError(.unauthorized, "The name or the password is wrong.")
        }
        ctx.auth.signIn(User(id: id, name: name), methods: [])
        ctx.session[.guestName] = name
    }

    /// Gives a user another password, and ends the user's other sessions.
    ///
    /// - Throws: `HTTPError` 422 where the present password is wrong or the new one is none.
    func changePassword(of user: User, from present: String, to new: String, _ ctx: Context) async throws {
        do {
            try await accounts.changePassword(of: user.id, from: present, to: new, ctx)
        } catch let error as HTTPError {
            throw error.renamingFields(["current_password": "password", "password": "new_password"])
        }
    }
}

extension User {
    /// What others read.
    var displayName: String { name ?? id }
}

extension SessionKey<String> {
    /// What a guest is called; a user with an account has none.
    static let guestName = Self("username")
}

extension HTTPError {
    /// The error under the names that the fields have here.
    fileprivate func renamingFields(_ names: [String: String]) -> HTTPError {
        var error = self
        error.fieldErrors = FieldErrors()
        for entry in fieldErrors.messages {
            for message in entry.messages { error.fieldErrors.add(names[entry.field] ?? entry.field, message) }
        }
        return error
    }
}
