import MartletIdentity

/// What is set from outside, in the environment; nothing of it has to be.
struct Settings {
    /// `EVENTS_FILE`: where what was said in the chat is kept.
    let eventsFile: String?
    /// `DATABASE`: where accounts and sessions are kept.
    let database: String?
    /// `ADMIN_USER`: who may close streams; nil for the first who registers.
    let admin: String?
    /// `CORS_ORIGIN`: whose pages may ask how many streams there are.
    let partner: String?
    /// `SECRET_KEY`: what cookies and tokens are protected with; one that ends with the process where there is none.
    let keys: KeyRing

    /// - Throws: `KeyRingError` for a key that is none.
    init(_ environment: [String: String]) throws {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        eventsFile = value("EVENTS_FILE")
        database = value("DATABASE")
        admin = value("ADMIN_USER")
        partner = value("CORS_ORIGIN")
        keys = try value("SECRET_KEY").map { try KeyRing([$0]) } ?? .temporary()
    }
}
