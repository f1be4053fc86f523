import MartletCore

/// The token of a session: a secret in the session, and texts that only it makes.
enum CSRFToken {
    /// Where the session has the secret.
    static let key = "martlet.csrf"
    private static let byteCount = 32

    static func newSecret() -> String { Base64URL.text(of: random()) }

    /// Another text each time, so that a compressed page does not give the secret away bit by bit (BREACH).
    static func token(of secret: String) -> String? {
        guard let secret = Base64URL.bytes(of: secret.utf8), secret.count == byteCount else { return nil }
        let mask = random()
        return Base64URL.text(of: mask + zip(mask, secret).map { $0 ^ $1 })
    }

    static func matches(_ token: String, _ secret: String) -> Bool {
        guard token.utf8.count <= 4 * byteCount, let bytes = Base64URL.bytes(of: token.utf8),
            let secret = Base64URL.bytes(of: secret.utf8), bytes.count == 2 * byteCount, secret.count == byteCount
        else { return false }
        var difference: UInt8 = 0
        // All of it whatever it is: the time tells nothing.
        for index in 0..<byteCount { difference |= bytes[index] ^ bytes[byteCount + index] ^ secret[index] }
        return difference == 0
    }

    private static func random() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
}

extension Context {
    /// The token that a form of this session brings in its field `csrf_token`, where the app's `CSRFProtection` asks for one.
    /// It is another text each time, and all are good as long as the session lasts.
    public var csrfToken: String {
        if let secret = session[CSRFToken.key], let token = CSRFToken.token(of: secret) { return token }
        let secret = CSRFToken.newSecret()
        session[CSRFToken.key] = secret
        return CSRFToken.token(of: secret) ?? ""
    }
}

extension Session {
    /// What a session has where a page with a form was made for it, and the token of that form.
    package static func csrfValues() -> (values: [String: String], token: String?) {
        let secret = CSRFToken.newSecret()
        return ([CSRFToken.key: secret], CSRFToken.token(of: secret))
    }
}
