import Testing

/// A controller's source and the routes that it gets.
struct Convention: Sendable, CustomTestStringConvertible {
    let source: String
    let routes: [String]

    /// A controller with one empty method.
    init(controller: String, _ routes: String...) {
        source = controller
        self.routes = routes
    }

    /// Members of a `ChatController`.
    init(_ members: String, _ routes: String...) {
        source = "@Controller struct ChatController { \(members) }"
        self.routes = routes
    }

    var testDescription: String { source }
}

/// The table of conventions.
@Suite struct RouteConventionTests {
    static let names = [
        Convention("func index() {}", "GET /chat"),
        Convention("func index(page: Int) {}", "GET /chat"),
        Convention("func show(id: Int) {}", "GET /chat/{id}"),
        Convention("func show(_ id: UUID) {}", "GET /chat/{id}"),
        Convention("func create() {}", "POST /chat"),
        Convention("func create(@Body line: Line) {}", "POST /chat"),
        Convention("func update(id: Int, text: String) {}", "PUT, PATCH /chat/{id}"),
        Convention("func delete(id: Int) {}", "DELETE /chat/{id}"),
        Convention("func stream(_ ctx: Context) {}", "GET /chat/stream"),
        Convention("func sendToUser() {}", "GET /chat/send-to-user"),
        Convention("func send_to_user() {}", "GET /chat/send-to-user"),
        Convention("func exportAsCSV() {}", "GET /chat/export-as-csv"),
        Convention("func `repeat`() {}", "GET /chat/repeat"),
    ]

    /// `id` has to come from the path for the name to mean a member of the collection.
    static let namesWithoutID = [
        Convention("func show() {}", "GET /chat/show"),
        Convention("func show(@Query id: Int) {}", "GET /chat/show"),
        Convention("func show(id room: Int) {}", "GET /chat/{id}"),
        Convention("func show(room id: Int) {}", "GET /chat/show"),
        Convention("@GET func update(text: String) {}", "GET /chat/update"),
        Convention("@POST func delete(userId: Int) {}", "POST /chat/delete"),
        Convention("func sendToUser() {}", "GET /chat/send-to-user"),
        Convention("func createdToday() {}", "GET /chat/created-today"),
        Convention("func updates() {}", "GET /chat/updates"),
        Convention("func edit(id: Int) {}", "GET /chat/edit"),
    ]

    static let attributes = [
        Convention("@GET func send() {}", "GET /chat/send"),
        Convention("@POST func send() {}", "POST /chat/send"),
        Convention("@PUT func send() {}", "PUT /chat/send"),
        Convention("@PATCH func send() {}", "PATCH /chat/send"),
        Convention("@DELETE func send() {}", "DELETE /chat/send"),
        Convention("@HEAD func send() {}", "HEAD /chat/send"),
        Convention("@OPTIONS func send() {}", "OPTIONS /chat/send"),
        Convention("@ANY func send() {}", "ANY /chat/send"),
        Convention("@MartletCore.POST func send() {}", "POST /chat/send"),
        Convention("@POST func index() {}", "POST /chat"),
        Convention("@PATCH func update(id: Int) {}", "PATCH /chat/{id}"),
        Convention("@POST(nil) func send() {}", "POST /chat/send"),
        Convention("@POST(maxBodyBytes: 1 << 20) func send() {}", "POST /chat/send"),
    ]

    static let paths = [
        Convention("@GET(\"rooms/{room}\") func enter(room: Int) {}", "GET /chat/rooms/{room}"),
        Convention("@GET(\"rooms/{room?}\") func enter(room: Int?) {}", "GET /chat/rooms/{room?}"),
        Convention("@GET(\"files/{path...}\") func file(path: [String]) {}", "GET /chat/files/{path...}"),
        Convention("@GET(\"{user_id}\") func user(userId: Int) {}", "GET /chat/{user_id}"),
        Convention("@GET(\"{userId}\") func user(_ user_id: Int) {}", "GET /chat/{userId}"),
        Convention("@GET(\"\") func all() {}", "GET /chat"),
        Convention("@GET(\"/\") func root() {}", "GET /"),
        Convention("@GET(\"/about/us\") func about() {}", "GET /about/us"),
        Convention("@ANY(\"/hooks/{name}\") func hook(name: String) {}", "ANY /hooks/{name}"),
        Convention("@GET(#\"a\\b\"#) func raw() {}", "GET /chat/a\\b"),
        Convention("@GET(\"聊天\") func chat() {}", "GET /chat/聊天"),
    ]

    static let severalVerbs = [
        Convention("@GET @POST func run() {}", "GET, POST /chat/run"),
        Convention("@GET(\"a\") @POST(\"a\") func run() {}", "GET, POST /chat/a"),
        Convention("@GET(\"a\") @POST(\"b\") func run() {}", "GET /chat/a", "POST /chat/b"),
        Convention("@GET(\"a\") @GET(\"/b\") func run() {}", "GET /chat/a", "GET /b"),
        Convention("@GET @GET func run() {}", "GET /chat/run"),
        Convention("@PUT(\"a\") func put() {}\n@GET(\"a\") func get() {}", "PUT /chat/a", "GET /chat/a"),
        Convention("func show(id: Int) {}\nfunc delete(id: Int) {}", "GET /chat/{id}", "DELETE /chat/{id}"),
    ]

    static let prefixes = [
        Convention(controller: "@Controller struct HomeController { func index() {} }", "GET /"),
        Convention(controller: "@Controller struct HomeController { func about() {} }", "GET /about"),
        Convention(controller: "@Controller struct HomeController { func show(id: Int) {} }", "GET /{id}"),
        Convention(controller: "@Controller struct UserProfileController { func index() {} }", "GET /user-profile"),
        Convention(controller: "@Controller struct APIKeysController { func index() {} }", "GET /api-keys"),
        Convention(controller: "@Controller struct Chat { func index() {} }", "GET /chat"),
        Convention(controller: "@Controller struct Controller { func index() {} }", "GET /controller"),
        Convention(controller: "@Controller(\"api/v1/chat\") struct A { func index() {} }", "GET /api/v1/chat"),
        Convention(controller: "@Controller(\"/api\") struct A { func send() {} }", "GET /api/send"),
        Convention(controller: "@Controller(\"\") struct A { func send() {} }", "GET /send"),
        Convention(controller: "@Controller(nil) struct A { func send() {} }", "GET /a/send"),
        Convention(
            controller: "@Controller(\"rooms/{room}\") struct A { func lines(room: Int) {} }",
            "GET /rooms/{room}/lines"),
        Convention(
            controller: "@Controller(\"rooms/{room}\") struct A { @GET(\"/all\") func all() {} }", "GET /all"),
        Convention(controller: "enum Admin { @Controller struct UserController { func index() {} } }", "GET /user"),
    ]

    static let exclusions = [
        Convention("private func send() {}"),
        Convention("fileprivate func send() {}"),
        Convention("static func send() {}"),
        Convention("private static func send<T>(_: T) {}"),
        Convention("@NotAction func send() {}"),
        Convention("@NotAction func send<Line>(line: Line, then: () -> Void) {}"),
        Convention("@MartletCore.NotAction public func send() {}"),
        Convention("var send: Int { 1 }\nsubscript(id: Int) -> Int { 1 }\nfunc index() {}", "GET /chat"),
        Convention("struct Line { func send() {} }"),
        Convention("internal func send() {}", "GET /chat/send"),
        Convention("#if DEBUG\nprivate func dump() {}\n@NotAction func log() {}\nstatic let a = 1\n#endif\n"),
    ]

    static let all = names + namesWithoutID + attributes + paths + severalVerbs + prefixes + exclusions

    @Test("A method gets the routes of the table", arguments: all)
    func routes(_ convention: Convention) {
        let expansion = Expansion(convention.source)
        #expect(expansion.findings.isEmpty)
        #expect(expansion.routes == convention.routes)
        #expect(!expansion.file.hasError)
    }

    @Test("Only the prefix of the type is in the controller's descriptor")
    func prefix() {
        let expansion = Expansion("@Controller(\"api/v1/chat\") struct ChatController { @GET(\"/b\") func a() {} }")
        #expect(expansion.controllers.map { $0["prefix"] } == ["\"/api/v1/chat\""])
        #expect(expansion.controllers.map { $0["name"] } == ["\"Chat\""])
    }

    @Test("A limit for the body belongs to its route, and is the expression that was written")
    func maxBodyBytes() {
        let expansion = Expansion(
            "@Controller struct Chat { @POST(\"a\", maxBodyBytes: 1 << 20) @PUT(\"b\") func send() {} }")
        #expect(expansion.actions.map { $0["maxBodyBytes"] } == ["1 << 20", "nil"])
    }
}
