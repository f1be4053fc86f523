import GRDB
import MartletCore

/// The audience of an event, as the columns `kind` and `name` have it.
struct StoredAudience: Hashable {
    let kind: Int
    let name: StoredText

    init(_ audience: EventAudience.Recipients) {
        switch audience {
        case .everyone: (kind, name) = (0, StoredText(""))
        case .topic(let topic): (kind, name) = (1, StoredText(topic))
        case .user(let user): (kind, name) = (2, StoredText(user))
        }
    }

    init(_ row: Row) {
        kind = row["kind"]
        name = row["name"]
    }

    /// - Throws: `DatabaseError` for a kind that there is not.
    func audience() throws -> EventAudience.Recipients {
        switch kind {
        case 0: .everyone
        case 1: .topic(name.text)
        case 2: .user(name.text)
        default: throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "an audience of an unknown kind")
        }
    }
}
