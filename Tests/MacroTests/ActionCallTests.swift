import Testing

@Suite struct ActionCallTests {
    /// A controller with one method `run`, and how a request calls it.
    struct Called: Sendable, CustomTestStringConvertible {
        let source: String
        let call: String

        /// - Parameter effects: what stands before the call, such as `try await`.
        init(_ source: String, _ effects: String) {
            self.source = source
            let call = (effects.isEmpty ? "" : effects + " ") + "controller.run()"
            self.call = "return try MartletCore.ActionResult.response(\(call), ctx)"
        }

        var testDescription: String { source }
    }

    static let effects = [
        Called("struct Chat { func run() -> Int { 1 } }", ""),
        Called("struct Chat { func run() throws -> Int { 1 } }", "try"),
        Called("struct Chat { func run() async -> Int { 1 } }", "await"),
        Called("struct Chat { func run() async throws -> Int { 1 } }", "try await"),
        Called("struct Chat { func run() throws(HTTPError) -> Int { 1 } }", "try"),
        Called("struct Chat { func run() throws(Never) -> Int { 1 } }", ""),
        Called("final class Chat { func run() -> Int { 1 } }", ""),
        Called("public final class Chat { public func run() async throws -> Int { 1 } }", "try await"),
    ]

    static let isolation = [
        Called("actor Chat { func run() -> Int { 1 } }", "await"),
        Called("actor Chat { func run() throws -> Int { 1 } }", "try await"),
        Called("actor Chat { nonisolated func run() -> Int { 1 } }", ""),
        Called("actor Chat { nonisolated func run() async -> Int { 1 } }", "await"),
        Called("struct Chat { @MainActor func run() throws -> Int { 1 } }", "try await"),
        Called("struct Chat { @DatabaseActor func run() -> Int { 1 } }", "await"),
        Called("struct Chat { nonisolated(nonsending) func run() async -> Int { 1 } }", "await"),
        Called("@MainActor struct Chat { func run() -> Int { 1 } }", "await"),
        Called("@MainActor final class Chat { nonisolated func run() throws -> Int { 1 } }", "try"),
    ]

    @Test("An action is called with the effects that it has", arguments: effects + isolation)
    func call(_ called: Called) throws {
        let expansion = Expansion("@Controller \(called.source)")
        try #require(expansion.findings.isEmpty)
        #expect(try expansion.call() == called.call)
        #expect(!expansion.file.hasError)
    }

    @Test(
        "The result's type is described, and a value is made a response",
        arguments: [
            ("func run() -> Int { 1 }", "(Int).self"), ("func run() -> Line? { nil }", "(Line?).self"),
            ("func run() -> [Line] { [] }", "([Line]).self"), ("func run() -> some Encodable { 1 }", "nil"),
            ("func run() -> Envelope { .ok() }", "(Envelope).self"),
            ("func run() -> any Sequence<Int> { [] }", "(any Sequence<Int>).self"),
        ])
    func result(member: String, type: String) throws {
        let expansion = Expansion("@Controller struct Chat { \(member) }")
        #expect(expansion.actions.map { $0["result"] } == [type])
        #expect(try expansion.call() == "return try MartletCore.ActionResult.response(controller.run(), ctx)")
    }

    @Test(
        "An action without a result is called for its effect",
        arguments: ["func run() {}", "func run() -> Void {}", "func run() -> () {}", "func run() -> Swift.Void {}"])
    func void(member: String) throws {
        let expansion = Expansion("@Controller struct Chat { \(member) }")
        #expect(expansion.actions.map { $0["result"] } == ["Void.self"])
        #expect(
            try expansion.statements().suffix(4) == [
                "controller.run()", "return try MartletCore.ActionResult.response((), ctx)", "}", "}",
            ])
    }

    @Test("A blocking action is called on the thread pool, its result made a response there")
    func blocking() throws {
        let expansion = Expansion("@Controller struct Chat { @Blocking @POST func run() throws -> Int { 1 } }")
        #expect(expansion.actions.map { $0["blocking"] } == ["true"])
        #expect(expansion.routes == ["POST /chat/run"])
        #expect(
            try expansion.statements() == [
                "{ (controller: Chat, binder: inout MartletCore.ActionBinder) in", "return .asynchronous { ctx in",
                "return try await ctx.blocking {",
                "return try MartletCore.ActionResult.response(try controller.run(), ctx)", "}", "}", "}",
            ])
    }

    @Test("A name in backticks is called in backticks and described without")
    func quotedName() throws {
        let expansion = Expansion("@Controller struct Chat { func `repeat`() -> Int { 1 } }")
        #expect(expansion.actions.map { $0["name"] } == ["\"repeat\""])
        #expect(try expansion.call() == "return try MartletCore.ActionResult.response(controller.`repeat`(), ctx)")
    }
}
