import SwiftSyntax
import Testing

@Suite struct ConstructionTests {
    /// A controller, what it needs, how it is made, and the initializer that it gets.
    struct Made: Sendable, CustomTestStringConvertible {
        let source: String
        let dependencies: [String]
        let make: String
        let initializer: String?

        init(_ source: String, _ dependencies: [String] = [], make: String, adding initializer: String? = nil) {
            self.source = source
            self.dependencies = dependencies
            self.make = make
            self.initializer = initializer
        }

        var testDescription: String { source }
    }

    private static let rooms = "rooms: try services.resolve((ChatRooms).self, \"rooms\")"

    static let structs = [
        Made("struct Chat {}", make: "{ _ in Chat() }"),
        Made("struct Chat { let rooms: ChatRooms }", ["rooms: (ChatRooms)"], make: "{ services in Chat(\(rooms)) }"),
        Made(
            "struct Chat { let rooms: ChatRooms, log: any Log }", ["rooms: (ChatRooms)", "log: (any Log)"],
            make: "{ services in Chat(\(rooms), log: try services.resolve((any Log).self, \"log\")) }"),
        Made(
            "struct Chat { let a, b: Rooms }", ["a: (Rooms)", "b: (Rooms)"],
            make:
                "{ services in Chat(a: try services.resolve((Rooms).self, \"a\"), b: try services.resolve((Rooms).self, \"b\")) }"
        ),
        Made(
            "struct Chat { private let rooms: ChatRooms }", ["rooms: (ChatRooms)"],
            make: "{ services in Chat(\(rooms)) }"),
        Made(
            "struct Chat { var rooms: ChatRooms { didSet {} } }", ["rooms: (ChatRooms)"],
            make: "{ services in Chat(\(rooms)) }"),
        Made(
            "struct Chat { let rooms: ChatRooms? }", ["rooms: (ChatRooms?)"],
            make: "{ services in Chat(rooms: try services.resolve((ChatRooms?).self, \"rooms\")) }"),
    ]

    /// Nothing to inject: these have a value, or none is stored.
    static let withoutDependencies = [
        Made("struct Chat { let rooms = ChatRooms() }", make: "{ _ in Chat() }"),
        Made("struct Chat { let rooms: ChatRooms = .init() }", make: "{ _ in Chat() }"),
        Made("struct Chat { var rooms: ChatRooms { ChatRooms() } }", make: "{ _ in Chat() }"),
        Made("struct Chat { var rooms: ChatRooms { get { ChatRooms() } } }", make: "{ _ in Chat() }"),
        Made("struct Chat { var rooms: ChatRooms? }", make: "{ _ in Chat() }"),
        Made("struct Chat { static let rooms: ChatRooms = .init() }", make: "{ _ in Chat() }"),
        Made("final class Chat { lazy var rooms: ChatRooms = .init() }", make: "{ _ in Chat() }"),
    ]

    /// Classes and actors have no memberwise initializer, and a type on an actor none that is nonisolated.
    static let generated = [
        Made("final class Chat {}", make: "{ _ in Chat() }"),
        Made(
            "final class Chat { let rooms: ChatRooms }", ["rooms: (ChatRooms)"], make: "{ services in Chat(\(rooms)) }",
            adding: "init(rooms: ChatRooms) { self.rooms = rooms }"),
        Made(
            "actor Chat { let rooms: ChatRooms; var count = 0 }", ["rooms: (ChatRooms)"],
            make: "{ services in Chat(\(rooms)) }", adding: "init(rooms: ChatRooms) { self.rooms = rooms }"),
        Made(
            "public final class Chat { private let rooms: ChatRooms }", ["rooms: (ChatRooms)"],
            make: "{ services in Chat(\(rooms)) }",
            adding: "fileprivate init(rooms: ChatRooms) { self.rooms = rooms }"),
        Made("@MainActor struct Chat {}", make: "{ _ in Chat() }", adding: "nonisolated init() { }"),
        Made(
            "@MainActor final class Chat { let rooms: ChatRooms }", ["rooms: (ChatRooms)"],
            make: "{ services in Chat(\(rooms)) }",
            adding: "nonisolated init(rooms: ChatRooms) { self.rooms = rooms }"),
    ]

    static let initializers = [
        Made("struct Chat { init() {} }", make: "{ _ in Chat() }"),
        Made("struct Chat { init() throws {} }", make: "{ _ in try Chat() }"),
        Made("struct Chat { init() throws(Never) {} }", make: "{ _ in Chat() }"),
        Made(
            "struct Chat { let lines: [Line]\ninit(rooms: ChatRooms) { lines = rooms.lines } }",
            ["rooms: (ChatRooms)"], make: "{ services in Chat(\(rooms)) }"),
        Made(
            "struct Chat { init(_ rooms: ChatRooms, in hall: Hall, limit: Int = 1) {} }",
            ["rooms: (ChatRooms)", "hall: (Hall)"],
            make:
                "{ services in Chat(try services.resolve((ChatRooms).self, \"rooms\"), in: try services.resolve((Hall).self, \"hall\")) }"
        ),
        Made("struct Chat { init(a: A) {}\ninit() {} }", make: "{ _ in Chat() }"),
        Made(
            "struct Chat { private init(a: A) {}\ninit(rooms: ChatRooms) {} }", ["rooms: (ChatRooms)"],
            make: "{ services in Chat(\(rooms)) }"),
        Made("final class Chat { init() {}\nconvenience init(a: A) { self.init() } }", make: "{ _ in Chat() }"),
        Made("@MainActor struct Chat { nonisolated init() {} }", make: "{ _ in Chat() }"),
    ]

    @Test(
        "A controller is made from what its properties or its initializer ask for",
        arguments: structs + withoutDependencies + generated + initializers)
    func construction(_ made: Made) {
        let written = Expansion(made.source).declarations(of: InitializerDeclSyntax.self).filter {
            !$0.contains("MountedPath")
        }
        let expansion = Expansion("@Controller \(made.source)")
        #expect(expansion.findings.isEmpty)
        #expect(expansion.dependencies == made.dependencies)
        #expect(expansion.make == made.make)
        let added = expansion.declarations(of: InitializerDeclSyntax.self).filter { !$0.contains("MountedPath") }.filter
        { !written.contains($0) }
        #expect(added == [made.initializer].compactMap(\.self))
        #expect(!expansion.file.hasError)
    }
}
