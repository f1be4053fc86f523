import SwiftSyntax
import Testing

@Suite struct DescriptorTests {
    @Test(
        "A doc comment is described without its marks",
        arguments: [
            ("/// Says.", "\"Says.\""), ("/// Says.\n///\n/// - Note: loudly", "\"Says.\\n\\n- Note: loudly\""),
            ("/** Says. */", "\"Says.\""), ("/**\n * Says.\n *\n *   twice\n */", "\"Says.\\n\\n  twice\""),
            ("/// Says \"hi\" \\(now)", "#\"Says \"hi\" \\(now)\"#"), ("// Says.", "nil"), ("///", "nil"), ("", "nil"),
        ])
    func documentation(comment: String, literal: String) {
        let action = Expansion("@Controller struct Chat {\n\(comment)\n@POST func say() {}\n}")
        #expect(action.actions.map { $0["documentation"] } == [literal])
        let type = Expansion("\(comment)\n@Controller struct Chat { func say() {} }")
        #expect(type.controllers.map { $0["documentation"] } == [literal])
        #expect(!action.file.hasError && !type.file.hasError)
    }

    @Test("Controller and action are described with the place of their names")
    func location() {
        let expansion = Expansion(
            "// A file.\n@Controller\nstruct Chat {\n    /// Says.\n    @POST\n    func say() {}\n}")
        let places = expansion.calls(of: "MartletCore.CodeLocation").map { [$0["fileID"], $0["line"]] }
        #expect(
            places == [["\"ExampleApp/ChatController.swift\"", "3"], ["\"ExampleApp/ChatController.swift\"", "6"]])
    }

    @Test(
        "The descriptor is as visible as the type, which a protocol's member must be",
        arguments: [
            ("struct", ""), ("public struct", "public "), ("open class", "public "), ("package actor", "package "),
            ("private struct", ""), ("fileprivate final class", ""), ("internal struct", ""),
        ])
    func access(type: String, access: String) throws {
        let expansion = Expansion("@Controller \(type) Chat { func say() {} }")
        let descriptors = expansion.declarations(of: VariableDeclSyntax.self).filter {
            $0.contains(" controllerDescriptor ")
        }
        try #require(descriptors.count == 1)
        #expect(descriptors[0].hasPrefix("\(access)nonisolated static let controllerDescriptor = "))
    }

    @Test("A type conforms once, by the whole of its name")
    func conformance() {
        let expansion = Expansion("enum Admin { @Controller struct Chat { func say() {} } }")
        let extensions = expansion.declarations(of: ExtensionDeclSyntax.self)
        #expect(extensions == ["extension Admin.Chat: MartletCore.Controller { }"])
    }

    @Test("The linker's record is private, used, in the section of the platform, and names the type")
    func record() throws {
        let records = Expansion("@Controller @MainActor public struct Chat { func say() {} }")
            .declarations(of: VariableDeclSyntax.self).filter { $0.contains("__martletControllerRecord") }
        try #require(records.count == 1)
        #expect(records[0].contains("private nonisolated static let __martletControllerRecord: (UInt64, "))
        #expect(records[0].contains(" = (1, { out in "))
        #expect(records[0].contains(".initialize(to: Chat.self)"))
    }

    @Test("Attributes are gone where they have been read, and the methods stay as they were")
    func methods() {
        let expansion = Expansion(
            "@Controller struct Chat { @POST(\"a\") @Blocking func say() -> Int { 1 }\n@NotAction func log() {} }")
        #expect(
            expansion.declarations(of: FunctionDeclSyntax.self).filter { !$0.contains("MartletCore.Link") } == [
                "func say() -> Int { 1 }", "func log() {}",
            ])
    }
}

@Suite struct RouteAttributeTests {
    @Test("What @Use and @Mark say is evaluated into the descriptors, in the order of the source, with its text")
    func attributes() {
        let expansion = Expansion(
            """
            @Use(Log(), Auth.self) @Mark(Area("books")) @Controller struct Book {
                @Mark("a b") @GET @Use(Timing(level: 1)) func list() {}
                func plain() {}
            }
            """)
        #expect(expansion.findings.isEmpty)
        let uses = expansion.calls(of: "MartletCore.RouteAttribute.use").map { [$0["0"], $0["1"]] }
        #expect(
            uses == [
                ["Log()", #""@Use(Log())""#], ["Auth.self", #""@Use(Auth.self)""#],
                ["Timing(level: 1)", #""@Use(Timing(level: 1))""#],
            ])
        let marks = expansion.calls(of: "MartletCore.RouteAttribute.mark").map { [$0["0"], $0["1"]] }
        #expect(
            marks == [
                [#"Area("books")"#, ##"#"@Mark(Area("books"))"#"##], [#""a b""#, ##"#"@Mark("a b")"#"##],
            ])
        #expect(expansion.actions.map { $0["attributes"] == "[]" } == [false, true])
    }

    @Test("What @Authorize and @AllowAnonymous say is evaluated into the descriptors")
    func authorization() {
        let expansion = Expansion(
            """
            @Authorize @Controller struct Book {
                @Authorize(roles: "a", "b") func list() {}
                @Authorize(policy: .role("c") && .mine) func plain() {}
                @AllowAnonymous func open() {}
            }
            """)
        #expect(expansion.findings.isEmpty)
        for call in [
            #"RouteAttribute.authenticated(source: "@Authorize")"#,
            #"RouteAttribute.authorize(roles: "a", "b", source: "#,
            #"RouteAttribute.authorize(policy: .role("c") && .mine, source: "#,
            #"RouteAttribute.allowAnonymous(source: "@AllowAnonymous")"#,
        ] { #expect(expansion.text.contains(call), "\(call)") }
    }

    @Test("A controller that is not discovered leaves no record, and needs no services whatever its properties are")
    func mounted() {
        let expansion = Expansion(
            "@Controller(isDiscovered: false) struct Book { let decide: (Int) -> Bool; func list() {} }")
        #expect(expansion.findings.isEmpty)
        #expect(!expansion.text.contains("__martletControllerRecord"))
        #expect(expansion.dependencies == [])
    }

    @Test("An injectable type is made from its properties, or by its initializer")
    func injectable() {
        let plain = Expansion("@Injectable public struct Auth { let users: any Users; private let start = 1 }")
        #expect(plain.text.contains("public nonisolated static func make(from services: MartletCore.ServiceResolver)"))
        #expect(plain.text.contains(#"return Self(users: try services.resolve((any Users).self, "users"))"#))
        #expect(plain.text.contains("extension Auth: MartletCore.Injectable {"))
        let own = Expansion("@Injectable final class Auth { init(_ users: Users, limit: Int = 3) throws {} }")
        #expect(own.text.contains(#"return try Self(try services.resolve((Users).self, "users"))"#))
        #expect(Expansion("@Injectable struct Empty {}").text.contains("return Self()"))
    }
}

@Suite struct LinkTests {
    @Test(
        "A link has the parameters of its action's path and query, and no others",
        arguments: [
            ("func show(id: Int) {}", "func show(`id`: Int) -> MartletCore.Link"),
            (
                "func list(_ page: Int = 1, sort: String?) {}",
                "func list(`page`: (Int)? = nil, `sort`: String? = nil)"
            ),
            ("func tagged(tags: [String], `in`: UUID) {}", "func tagged(`tags`: [String], `in`: UUID)"),
            ("func find(_ ctx: Context, store: Store, @Header agent: String) {}", "func find() ->"),
            ("@GET func pick(@Query(\"g\") genre: Genre) {}", "func pick(`genre`: Genre) ->"),
            (
                "@POST(\"{id}/x\") func copy(id: Int, title: String, @Query dry: Bool = false) {}",
                "func copy(`id`: Int, `dry`: (Bool)? = nil)"
            ),
            ("@ANY func all(name: String) {}", "func all() ->"),
        ])
    func parameters(action: String, link: String) {
        let functions = Expansion("@Controller struct Book {\n\(action)\n}").declarations(of: FunctionDeclSyntax.self)
        #expect(functions.contains { $0.hasPrefix(link) }, "\(functions)")
    }

    @Test("Two actions of one name have two links, unless they would be the same; a type of that name is left alone")
    func names() {
        let text = Expansion(
            "@Controller struct Book { @GET(\"a\") func x(_ c: Context) {}; @GET(\"b\") func x() {}; func x(n: Int) {} }"
        ).text
        #expect(text.ranges(of: "func x(").count == 3 + 2)
        #expect(!Expansion("@Controller struct Book { enum Links {}; func x() {} }").text.contains("ControllerLinks"))
        #expect(
            !Expansion("@Controller struct Book { static let links = 1; func x() {} }").text.contains("ControllerLinks")
        )
    }
}
