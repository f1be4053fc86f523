import Testing

import MartletRouting

@Suite struct PathTemplateTests {
    static let good: [(String, [PathTemplate.Segment], String)] = [
        ("", [], "/"),
        ("/", [], "/"),
        ("/chat", [.literal("chat")], "/chat"),
        ("chat/rooms", [.literal("chat"), .literal("rooms")], "/chat/rooms"),
        ("/chat/{room}", [.literal("chat"), .parameter("room")], "/chat/{room}"),
        ("{id}", [.parameter("id")], "/{id}"),
        ("/{id?}", [.optional("id")], "/{id?}"),
        ("/{path...}", [.catchAll("path")], "/{path...}"),
        (
            "a/{_b}/{c2}/{rest...}", [.literal("a"), .parameter("_b"), .parameter("c2"), .catchAll("rest")],
            "/a/{_b}/{c2}/{rest...}"
        ),
        ("/聊天/{房间}", [.literal("聊天"), .parameter("房间")], "/聊天/{房间}"),
        ("/a.b/...", [.literal("a.b"), .literal("...")], "/a.b/..."),
        ("/:id/*/~x+y", [.literal(":id"), .literal("*"), .literal("~x+y")], "/:id/*/~x+y"),
        (
            "v{major}.{minor}",
            [.pattern([.literal("v"), .parameter("major"), .literal("."), .parameter("minor")])], "/v{major}.{minor}"
        ),
        (
            "@{user}/{file}.json/x",
            [
                .pattern([.literal("@"), .parameter("user")]), .pattern([.parameter("file"), .literal(".json")]),
                .literal("x"),
            ], "/@{user}/{file}.json/x"
        ),
        // Text that is nothing but dots stands beside a parameter, and is no step up.
        ("..{x}", [.pattern([.literal(".."), .parameter("x")])], "/..{x}"),
        // A combining mark after the slash does not hide the slash.
        ("/a/\u{301}b", [.literal("a"), .literal("\u{301}b")], "/a/\u{301}b"),
    ]

    @Test(arguments: good) func reads(_ text: String, _ segments: [PathTemplate.Segment], _ canonical: String) throws {
        let template = try PathTemplate(text)
        #expect(template.segments == segments)
        #expect(template.description == canonical)
        #expect(try PathTemplate(canonical) == template)
    }

    static let bad: [(String, String)] = [
        ("//", "a segment is empty"),
        ("a//b", "a segment is empty"),
        ("//a", "a segment is empty"),
        ("a/", "trailing slash"),
        ("/a/{b}/", "trailing slash"),
        ("/{id", "unbalanced"),
        ("/id}", "unbalanced"),
        ("/}{", "unbalanced"),
        ("/{a/b}", "unbalanced"),
        ("/{{id}}", "nested"),
        ("/{a{b}", "nested"),
        ("x{id?}", "{id?} must be a whole segment"),
        ("{id...}x", "{id...} must be a whole segment"),
        ("{a?}-{b}", "{a?} must be a whole segment"),
        ("{a}{b}", "text must stand between {a} and {b}"),
        ("x{a}{b?}", "{b?} must be a whole segment"),
        ("v{a}.{b}{c}", "text must stand between {b} and {c}"),
        ("v{a}.{a}", "\"a\" is used twice"),
        ("{a}/v{a}", "\"a\" is used twice"),
        ("x{}", "no name"),
        ("x{1a}", "\"1a\" is not a name"),
        ("x{a", "unbalanced"),
        ("{a}x}", "unbalanced"),
        ("x{{a}}", "nested"),
        ("x%{a}", "write the text decoded"),
        ("{a}?b={c}", "begins a query"),
        ("{a} {b}", "white space"),
        ("{}", "no name"),
        ("{?}", "no name"),
        ("{...}", "no name"),
        ("{1a}", "\"1a\" is not a name"),
        ("{a-b}", "\"a-b\" is not a name"),
        ("{a b}", "\"a b\" is not a name"),
        ("{_}", "\"_\" is not a name"),
        ("{*rest}", "\"*rest\" is not a name"),
        ("{rest....}", "\"rest.\" is not a name"),
        ("{id??}", "\"id?\" is not a name"),
        ("{id:int}", "\"id:int\" is not a name"),
        ("/{id}/x/{id}", "\"id\" is used twice"),
        ("/{id}/{id...}", "\"id\" is used twice"),
        ("/{id?}/x", "{id?} must be the last"),
        ("/{a?}/{b?}", "{a?} must be the last"),
        ("/{rest...}/x", "{rest...} must be the last"),
        ("/a?b=c", "begins a query"),
        ("/a#b", "begins a fragment"),
        ("/%41", "write the text decoded"),
        ("/a b", "white space"),
        ("/a\u{3000}b", "white space"),
        ("/a\nb", "control character"),
        ("/a\u{0}", "control character"),
        ("/./a", "cannot be \".\""),
        ("/a/..", "cannot be \"..\""),
    ]

    @Test(arguments: bad) func refuses(_ text: String, _ reason: String) {
        let error = #expect(throws: PathTemplateError.self) { try PathTemplate(text) }
        #expect(error?.template == text)
        #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "-")")
    }

    @Test func errorIsOneSentenceOnOneLine() throws {
        let error = #expect(throws: PathTemplateError.self) { try PathTemplate("/a\nb") }
        #expect(error?.description == #""/a\nb" is not a path template: it contains a control character."#)
    }

    @Test func parameterNamesComeInOrder() throws {
        #expect(try PathTemplate("/x/{b}/{a}/{c...}").parameterNames == ["b", "a", "c"])
        #expect(try PathTemplate("/x/v{b}.{a}/{c}").parameterNames == ["b", "a", "c"])
        #expect(try PathTemplate("/x").parameterNames.isEmpty)
    }

    @Test(arguments: [
        ("/", "/", "/"), ("/a", "/", "/a"), ("/", "/a", "/a"), ("/a/{b}", "c/{d...}", "/a/{b}/c/{d...}"),
        ("/a/{b?}", "/", "/a/{b?}"),
    ])
    func appends(_ first: String, _ second: String, _ joined: String) throws {
        #expect(try PathTemplate(first).appending(PathTemplate(second)) == PathTemplate(joined))
    }

    @Test(arguments: [
        ("/{id}", "/x/{id}", "used twice"), ("/{a?}", "/b", "must be the last"), ("/{a...}", "/b", "must be the last"),
    ])
    func refusesToAppend(_ first: String, _ second: String, _ reason: String) throws {
        let (first, second) = (try PathTemplate(first), try PathTemplate(second))
        let error = #expect(throws: PathTemplateError.self) { try first.appending(second) }
        #expect(error?.reason.contains(reason) == true)
        #expect(error?.template == "\(first)\(second)")
    }

    @Test func placesIgnoreNames() throws {
        #expect(try PathTemplate("/a/{x}").places == PathTemplate("/a/{y}").places)
        #expect(try PathTemplate("/a/{x}").places != PathTemplate("/a/{x...}").places)
        #expect(try PathTemplate("/v{a}.{b}").places == PathTemplate("/v{c}.{d}").places)
        #expect(try PathTemplate("/v{a}").places != PathTemplate("/{a}v").places)
        #expect(try PathTemplate("/a/{x?}").places == PathTemplate("/a").places + PathTemplate("/a/{x}").places)
    }
}
