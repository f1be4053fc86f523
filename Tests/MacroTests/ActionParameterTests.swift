import Testing

@Suite struct ActionParameterTests {
    /// A parameter as it is written, and what the descriptor says of it.
    struct Written: Sendable, CustomTestStringConvertible {
        let source: String
        let facts: String
        /// What the call passes it as.
        let argument: String

        init(_ source: String, _ facts: String, argument: String) {
            self.source = source
            self.facts = facts
            self.argument = argument
        }

        var testDescription: String { source }
    }

    static let labels = [
        Written("id: Int", "id: (Int)", argument: "id: argument0"),
        Written("_ id: Int", "id: (Int)", argument: "argument0"),
        Written("id room: Int", "id: (Int)", argument: "id: argument0"),
        Written("userId: Int", "userId: (Int)", argument: "userId: argument0"),
        Written("`in`: Int", "in: (Int)", argument: "in: argument0"),
        Written("in room: Int", "in: (Int)", argument: "in: argument0"),
        Written("`inout`: Int", "inout: (Int)", argument: "`inout`: argument0"),
        Written("_ `class`: Int", "class: (Int)", argument: "argument0"),
        Written("_ ctx: Context", "ctx: (Context)", argument: "argument0"),
        Written("_: Context", "_: (Context)", argument: "argument0"),
    ]

    static let types = [
        Written("id: UUID?", "id: (UUID?)", argument: "id: argument0"),
        Written("id: Int!", "id: (Int?)", argument: "id: argument0"),
        Written("ids: [Int]", "ids: ([Int])", argument: "ids: argument0"),
        Written("ids: Set<Int>", "ids: (Set<Int>)", argument: "ids: argument0"),
        Written("fields: [String: String]", "fields: ([String: String])", argument: "fields: argument0"),
        Written("kind: Chat.Kind", "kind: (Chat.Kind)", argument: "kind: argument0"),
        Written("mailer: any Mailer", "mailer: (any Mailer)", argument: "mailer: argument0"),
        Written("line: sending Line", "line: (Line)", argument: "line: argument0"),
        Written("line: consuming Line", "line: (Line)", argument: "line: argument0"),
        Written("line: (Line)", "line: ((Line))", argument: "line: argument0"),
    ]

    static let sources = [
        Written("@Body line: Line", "line: (Line) from body", argument: "line: argument0"),
        Written("@Query page: Int", "page: (Int) from query", argument: "page: argument0"),
        Written("@Header userAgent: String", "userAgent: (String) from header", argument: "userAgent: argument0"),
        Written("@Cookie theme: String?", "theme: (String?) from cookie", argument: "theme: argument0"),
        Written("@MartletCore.Query page: Int", "page: (Int) from query", argument: "page: argument0"),
        Written("@Query(\"p\") page: Int", "p: (Int) from query", argument: "page: argument0"),
        Written("@Body(\"text\") _ line: String", "text: (String) from body", argument: "argument0"),
        Written(
            "@Header(\"User-Agent\") agent: String", "User-Agent: (String) from header", argument: "agent: argument0"),
        Written("@Cookie(\"__Host-sid\") sid: String", "__Host-sid: (String) from cookie", argument: "sid: argument0"),
        Written("@Other page: Int", "page: (Int)", argument: "page: argument0"),
    ]

    static let defaults = [
        Written("page: Int = 1", "page: (Int) = 1", argument: "page: argument0"),
        Written("@Query page: Int? = nil", "page: (Int?) from query = nil", argument: "page: argument0"),
        Written("kind: Kind = .public", "kind: (Kind) = .public", argument: "kind: argument0"),
        Written("ids: [Int] = [1, 2]", "ids: ([Int]) = [1, 2]", argument: "ids: argument0"),
    ]

    @Test("A parameter is described by name, type, source and default", arguments: labels + types + sources + defaults)
    func parameter(_ written: Written) throws {
        let expansion = Expansion("@Controller struct Chat { func send(\(written.source)) -> Int { 1 } }")
        try #require(expansion.findings.isEmpty)
        #expect(!expansion.file.hasError)
        #expect(expansion.parameters == [written.facts])
        #expect(
            try expansion.call()
                == "return try MartletCore.ActionResult.response(controller.send(\(written.argument)), ctx)")
    }

    @Test("A default is evaluated when a request lacks the parameter, and quoted in the descriptor")
    func defaultValues() throws {
        let expansion = Expansion("@Controller struct Chat { func send(to: String = \"all\", n: Int = Self.n) {} }")
        #expect(
            expansion.calls(of: "MartletCore.ActionParameter").map { $0["defaultValue"] } == [
                "#\"\"all\"\"#", "\"Self.n\"",
            ])
        let bind = try #require(expansion.actions.first?["bind"]).split(whereSeparator: \.isWhitespace)
            .joined(separator: " ")
        #expect(bind.contains("binder.parameter(0, (String).self, default: { \"all\" })"))
        #expect(bind.contains("binder.parameter(1, (Int).self, default: { Self.n })"))
    }

    @Test("The rules of a parameter are handed over as they are written, and made once")
    func rules() throws {
        let expansion = Expansion(
            "@Controller struct Chat { func list(@Valid(.range(1...9), Self.odd) n: Int = 1, @Query(\"q\") @Valid(.email) a: String?) {} }"
        )
        try #require(expansion.findings.isEmpty)
        let bind = try #require(expansion.actions.first?["bind"]).split(whereSeparator: \.isWhitespace)
            .joined(separator: " ").replacing(" ... ", with: "...")
        #expect(bind.contains("binder.parameter(0, (Int).self, default: { 1 }, rules: [.range(1...9), Self.odd])"))
        #expect(bind.contains("binder.parameter(1, (String?).self, rules: [.email])"))
    }

    @Test("All arguments are read before a missing one ends the request")
    func reading() throws {
        let expansion = Expansion("@Controller struct Chat { @GET(\"{b}\") func send(a: Int, b: Int) {} }")
        #expect(
            try expansion.statements() == [
                "{ (controller: Chat, binder: inout MartletCore.ActionBinder) in",
                "let parameter0 = binder.parameter(0, (Int).self)",
                "let parameter1 = binder.parameter(1, (Int).self)",
                "return .synchronous { ctx in",
                "var arguments = try MartletCore.ActionArguments(ctx)",
                "let argument0 = arguments.read(parameter0)",
                "let argument1 = arguments.read(parameter1)",
                "guard let argument0, let argument1 else {",
                "throw arguments.failure()",
                "}",
                "controller.send(a: argument0, b: argument1)",
                "return try MartletCore.ActionResult.response((), ctx)",
                "}",
                "}",
            ])
    }
}
