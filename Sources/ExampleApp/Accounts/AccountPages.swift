import Foundation
import Martlet
import MartletIdentity

/// A page with a form, which comes back with what is wrong with it.
protocol FormPage: Sendable {
    var title: String { get }
    /// - Parameter problems: what is wrong; empty where the page is shown for the first time.
    func content(_ problems: Problems) -> String
}

extension FormPage {
    /// The page, which no cache keeps.
    ///
    /// - Parameter error: why it comes back.
    func response(_ ctx: Context, _ error: HTTPError? = nil) -> Response {
        var response = Response(
            status: error?.status ?? .ok, text: text(ctx, error), contentType: "text/html; charset=utf-8")
        response.headers[.cacheControl] = "no-store"
        for field in error?.headers ?? [:] { response.headers.append(field) }
        return response
    }

    /// The same as text, with what the user is to be told once.
    private func text(_ ctx: Context, _ error: HTTPError?) -> String {
        let problems = Problems(error) { ctx.message($0, in: "zh") }
        let notes = ctx.flash.take().map {
            #"<p class="note" data-kind="\#($0.kind.escapedForHTML)">\#($0.text.escapedForHTML)</p>"#
        }
        return """
            <!doctype html>
            <html lang="zh-CN">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title) · Martlet</title>
            <link rel="icon" type="image/svg+xml" href="/favicon.svg">
            <link rel="stylesheet" href="/app.css">
            </head>
            <body>
            <main class="sheet">
            <p><a class="brand" href="/">Martlet</a></p>
            <h1>\(title)</h1>
            \((notes + [problems.summary, content(problems)]).joined(separator: "\n"))
            </main>
            </body>
            </html>
            """
    }
}

/// What is wrong with a form, as its page tells it.
struct Problems {
    private let error: HTTPError?
    private let translated: (String) -> String

    init(_ error: HTTPError?, _ translated: @escaping (String) -> String) {
        self.error = error
        self.translated = translated
    }

    /// What is said above the form.
    var summary: String {
        guard let error else { return "" }
        let text = translated(error.detail ?? "The request's fields are not as they must be.")
        return #"<p class="note" data-kind="error" role="alert">\#(text.escapedForHTML)</p>"#
    }

    /// A field with its label and what is wrong with it.
    func field(_ name: String, _ label: String, value: String = "", type: String = "text", autocomplete: String)
        -> String
    {
        let messages = error?.fieldErrors[name].map { translated($0).escapedForHTML } ?? []
        let note = messages.isEmpty ? "" : #"<span class="wrong">\#(messages.joined(separator: "；"))</span>"#
        return """
            <label>\(label) \(note)
            <input name="\(name)" type="\(type)" value="\(value.escapedForHTML)" autocomplete="\(autocomplete)"></label>
            """
    }

    func password(_ name: String = "password", _ label: String = "密码", isNew: Bool = false) -> String {
        field(name, label, type: "password", autocomplete: isNew ? "new-password" : "current-password")
    }
}

struct SignInPage: FormPage {
    let form: Form<Credentials>
    let takesGuests: Bool
    let title = "登录"

    func content(_ problems: Problems) -> String {
        let guest = problems.field("username", "昵称（演示：没有密码时填写）", value: form["username"], autocomplete: "nickname")
        return """
            <form method="post" action="\(AccountController.links.login())">
            <input type="hidden" name="return_to" value="\(form["return_to"].escapedForHTML)">
            \(problems.field("user_id", "用户 ID", value: form["user_id"], autocomplete: "username"))
            \(problems.password())
            \(takesGuests ? guest : "")
            <button class="primary">登录</button> <a href="\(AccountController.links.registerPage())">注册</a>
            </form>
            """
    }
}

struct RegisterPage: FormPage {
    let form: Form<Registration>
    let title = "注册"

    func content(_ problems: Problems) -> String {
        """
        <form method="post" action="\(AccountController.links.register())">
        \(problems.field("user_id", "用户 ID", value: form["user_id"], autocomplete: "username"))
        \(problems.field("username", "昵称", value: form["username"], autocomplete: "nickname"))
        \(problems.password("password", "密码（至少 8 个字符）", isNew: true))
        <button class="primary">注册</button> <a href="\(AccountController.links.signInPage())">已有账户，登录</a>
        </form>
        """
    }
}

/// Who is signed in, where, and by which password.
struct AccountPage: FormPage {
    private let user: User
    private let sessions: [SessionController.Entry]
    let title = "我的账户"

    init(_ user: User, _ ctx: Context) async throws {
        self.user = user
        sessions = try await SessionController.Entry.all(of: user, ctx)
    }

    func content(_ problems: Problems) -> String {
        """
        <p>\(user.displayName.escapedForHTML)（<code>\(user.id.escapedForHTML)</code>）\(user.has(role: Members.adminRole) ? "管理员" : "")</p>
        <form method="post" action="\(AccountController.links.logout())"><button class="quiet">退出</button></form>
        \(isGuest ? #"<p><a href="\#(AccountController.links.registerPage())">注册</a>后，这个用户 ID 就是您的。</p>"# : passwordForm(problems))
        <h2>我的会话</h2>
        <table>
        <thead><tr><th>设备</th><th>地址</th><th>最近使用</th><th></th></tr></thead>
        <tbody>
        \(sessions.map(row).joined(separator: "\n"))
        </tbody>
        </table>
        <form method="post" action="\(AccountController.links.signOutEverywhere())"><button class="quiet danger">退出所有设备</button></form>
        """
    }

    /// A guest has shown no password, and has none.
    private var isGuest: Bool { user.proof?.methods.isEmpty ?? true }

    private func passwordForm(_ problems: Problems) -> String {
        """
        <h2>修改密码</h2>
        <form method="post" action="\(AccountController.links.password())">
        \(problems.password("password", "当前密码"))
        \(problems.password("new_password", "新密码", isNew: true))
        <button class="primary">修改密码</button>
        </form>
        """
    }

    private func row(_ session: SessionController.Entry) -> String {
        """
        <tr><td>\((session.device ?? "未知设备").escapedForHTML)</td><td>\((session.address ?? "").escapedForHTML)</td>\
        <td>\(session.lastUse.ISO8601Format(.init(dateTimeSeparator: .space)))</td>\
        <td>\(session.isCurrent ? "本机" : "")<form method="post" action="\(SessionController.links.end())">\
        <input type="hidden" name="handle" value="\(session.handle.text)"><button class="quiet">结束</button></form></td></tr>
        """
    }
}
