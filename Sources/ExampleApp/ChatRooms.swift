import Synchronization

/// Who is in the chat, by user; a user with two tabs is there once.
final class ChatRooms: Sendable {
    private struct Member {
        let username: String
        var streams: Int
    }
    private let members = Mutex<[String: Member]>([:])

    func register(_ user: String, username: String) {
        members.withLock { $0[user, default: Member(username: username, streams: 0)].streams += 1 }
    }

    func unregister(_ user: String) {
        members.withLock { members in
            members[user]?.streams -= 1
            if members[user]?.streams == 0 { members[user] = nil }
        }
    }

    /// The names of those who are there.
    var usernames: [String] { members.withLock { $0.values.map(\.username).sorted() } }
}
