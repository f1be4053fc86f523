import Martlet
import Synchronization

/// Signs in whoever asks.
@Controller
struct TestLoginController {
    func create(userId: String, username: String, _ ctx: Context) {
        ctx.session["user_id"] = userId
        ctx.session["username"] = username
    }
}

/// Keeps what would have been sent.
final class Mailbox: Mailer {
    private let sent = Mutex<[String]>([])
    var addresses: [String] { sent.withLock { $0 } }
    func send(_ text: String, to address: String) { sent.withLock { $0.append(address) } }
}
