import MartletRouting
import Testing

@Suite struct RouteTrieMatchTests {
    @Test(arguments: [
        ("/", "/"), ("/chat", "/chat"), ("/chat/stream", "/chat/stream"), ("/Chat", nil), ("/cha", nil),
        ("/chats", nil),
        ("/chat/", nil), ("//chat", nil), ("//", nil), ("/chat//stream", nil), ("chat", nil), ("", nil), ("*", nil),
        ("/chat?x=1", nil),
    ])
    func literals(_ path: String, _ expected: String?) throws {
        #expect(try table("/", "/chat", "/chat/stream").match(path)?.value == expected)
    }

    @Test(arguments: [
        ("/rooms/lobby", "/rooms/lobby", []),
        ("/rooms/7", "/rooms/{id}", ["7"]),
        ("/rooms/lobby/edit", "/rooms/lobby/edit", []),
        ("/rooms/7/edit", "/rooms/{id}/edit", ["7"]),
        // The static branch leads nowhere, so the parameter has it.
        ("/rooms/lobby/delete", "/rooms/{id}/{action}", ["lobby", "delete"]),
        // Two levels are taken back.
        ("/rooms/lobby/edit/draft", "/{rest...}", ["rooms/lobby/edit/draft"]),
        ("/rooms", "/{rest...}", ["rooms"]),
        ("/rooms/", "/{rest...}", ["rooms/"]),
        ("/", "/{rest...}", [""]),
    ])
    func priorityAndBacktracking(_ path: String, _ value: String, _ captures: [String]) throws {
        let trie = try table(
            "/{rest...}", "/rooms/{id}/{action}", "/rooms/{id}/edit", "/rooms/{id}", "/rooms/lobby/edit", "/rooms/lobby"
        )
        let match = try #require(try trie.match(path))
        #expect(match.value == value)
        #expect(match.captures == captures)
    }

    @Test func aRefusedValueIsLeftForTheNextBranch() throws {
        let trie = try table("/a/b", "/a/{x}", "/a/{rest...}", "/{all...}")
        var refused: Set<String> = []
        for (value, captures) in [("/a/b", []), ("/a/{x}", ["b"]), ("/a/{rest...}", ["b"]), ("/{all...}", ["a/b"])] {
            let match = try trie.match("/a/b") { refused.contains($0) ? nil : $0 }
            #expect(match?.value == value)
            #expect(match?.captures == captures)
            refused.insert(value)
        }
        #expect(try trie.match("/a/b") { refused.contains($0) ? nil : $0 }?.value == nil)
    }

    @Test(arguments: [
        ("/files", [""]), ("/files/", [""]), ("/files/a", ["a"]), ("/files/a/b.txt", ["a/b.txt"]),
        ("/files/a/", ["a/"]),
        ("/files//", ["/"]), ("/files//a", ["/a"]), ("/files/a%2Fb/c", ["a/b/c"]), ("/files/...", ["..."]),
        ("/files/.a/..b/c..", [".a/..b/c.."]), ("/file", nil), ("/files/.", nil), ("/files/a/../b", nil),
        ("/files/%2e%2E/b", nil), ("/files/a%2F..%2Fb", nil), ("/files/..%2f", nil), ("/files/%2F.", nil),
    ])
    func catchAll(_ path: String, _ captures: [String]?) throws {
        #expect(try table("/files/{path...}").match(path)?.captures == captures)
    }

    @Test(arguments: [
        ("/users", []), ("/users/7", ["7"]), ("/users/", nil), ("/users/7/", nil), ("/users/7/8", nil),
    ])
    func optional(_ path: String, _ captures: [String]?) throws {
        #expect(try table("/users/{id?}").match(path)?.captures == captures)
    }

    @Test func anOptionalRootHasTwoPlaces() throws {
        let trie = try table("/{id?}")
        #expect(try trie.match("/")?.captures == [])
        #expect(try trie.match("/7")?.captures == ["7"])
    }

    @Test(arguments: [
        ("/x/.", nil), ("/x/..", nil), ("/x/%2E", nil), ("/x/.%2e", nil), ("/x/..%2Fetc", nil), ("/x/a%2F.", nil),
        ("/x/...", ["..."]), ("/x/.a", [".a"]), ("/x/a%2Fb", ["a/b"]), ("/x/%2Fetc", ["/etc"]),
        ("/x/a.%2F.b", ["a./.b"]),
    ])
    func noCaptureIsATraversal(_ path: String, _ captures: [String]?) throws {
        #expect(try table("/x/{name}").match(path)?.captures == captures)
    }

    @Test(arguments: [
        // The first place at which the text follows; the rest is the last one's.
        ("v{a}.{b}", "/v1.2", ["1", "2"]), ("v{a}.{b}", "/v1.2.3", ["1", "2.3"]),
        ("{a}.json", "/x.json", ["x"]), ("{a}.json", "/x.json.json", ["x.json"]),
        ("{a}-{b}-{c}", "/1-2-3-4", ["1", "2", "3-4"]),
        // A parameter has a character at least, so a text may be found later than where it is first.
        ("{a}.{b}", "/..x", nil), ("{a}-{b}", "/--x", ["-", "x"]), ("{a}-{b}", "/---", ["-", "-"]),
        ("{a}aa{b}aa", "/xaaaaaaa", ["x", "aaa"]), ("a{x}a", "/aaa", ["a"]),
        ("v{a}.{b}", "/v.2", nil), ("v{a}.{b}", "/v1.", nil), ("v{a}.{b}", "/v1", nil), ("v{a}.{b}", "/V1.2", nil),
        ("@{user}", "/@", nil), ("@{user}", "/@me", ["me"]), ("@{user}", "/%40me", ["me"]), ("a{x}a", "/aa", nil),
        ("a{x}a", "/a", nil),
        ("{a}-{b}", "/--", nil), ("{a}-{b}", "/", nil), ("{a}-{b}", "/a-b/", nil), ("{a}-{b}", "/a-b/c", nil),
        ("{名}.文", "/%E5%95%8A.文", ["啊"]),
        // No slash, encoded or not, in no part of the segment.
        ("{a}.json", "/x%2Fy.json", nil), ("{a}.json", "/%2Fx.json", nil), ("{a}.json", "/x%25.json", ["x%"]),
        // No parameter is a step up, whatever another way of reading it would give.
        ("{a}.json", "/..json", nil), ("{a}.json", "/...json", nil), ("{a}.json", "/....json", ["..."]),
        ("a{x}", "/a..", nil),
        ("a{x}", "/a%2e%2E", nil), (".{x}", "/...", nil), (".{x}", "/..", nil), (".{x}", "/.git", ["git"]),
        ("{a}.{b}", "/..x.y", nil), ("{a}-{b}", "/..-x", nil), ("{a}-{b}", "/x-.", nil),
    ])
    func partsOfASegment(_ template: String, _ path: String, _ captures: [String]?) throws {
        #expect(try table(template).match(path)?.captures == captures)
    }

    @Test(arguments: [
        ("/v1.json", ["/v1.json", "/v{a}.json", "/{b}.json", "/v1.{c}", "/v{d}.{e}", "/{f}.{g}", "/{h}", "/{i...}"]),
        ("/v2.json", ["/v{a}.json", "/{b}.json", "/v{d}.{e}", "/{f}.{g}", "/{h}", "/{i...}"]),
        ("/v1.txt", ["/v1.{c}", "/v{d}.{e}", "/{f}.{g}", "/{h}", "/{i...}"]),
        ("/x.txt", ["/{f}.{g}", "/{h}", "/{i...}"]), ("/x", ["/{h}", "/{i...}"]), ("/x/y", ["/{i...}"]),
    ])
    func moreTextGoesFirst(_ path: String, _ expected: [String]) throws {
        let templates = ["/v1.json", "/v{a}.json", "/{b}.json", "/v1.{c}", "/v{d}.{e}", "/{f}.{g}", "/{h}", "/{i...}"]
        for order in [templates, templates.reversed()] {
            var trie = RouteTrie<String>()
            for text in order { trie.insert(try PathTemplate(text)) { $0 = text } }
            #expect(try trie.allMatches(path) == expected)
        }
    }

    @Test func ofEqualTextMoreInFrontGoesFirstThenTheAlphabet() throws {
        let trie = try table("/{a}xyz", "/x{a}yz", "/xy{a}z", "/xyz{a}", "/x{a}z{b}y")
        #expect(try trie.allMatches("/xyz1xyz") == ["/xyz{a}", "/xy{a}z", "/x{a}yz", "/{a}xyz"])
        #expect(try table("/a{x}c{y}b", "/a{x}b{y}c").allMatches("/a1b2c3b4c") == ["/a{x}b{y}c"])
        #expect(try table("/{x}c{y}", "/{x}b{y}").allMatches("/1c2b3") == ["/{x}b{y}", "/{x}c{y}"])
    }

    @Test func aPatternIsTakenBackWhereItLeadsNowhere() throws {
        let trie = try table("/v{a}.{b}/x", "/{c}/y", "/v1{d}/{e}")
        #expect(try trie.match("/v1.2/x")?.captures == [".2", "x"])
        #expect(try trie.match("/v2.2/x")?.captures == ["2", "2"])
        #expect(try trie.match("/v2.2/y")?.captures == ["v2.2"])
    }

    /// With a way back at each text this would take years.
    @Test func hostileSegmentsTakeNoTime() throws {
        let names = (0..<40).map { "{p\($0)}" }.joined(separator: "a")
        let trie = try table("/" + names + "b")
        let segment = String(repeating: "a", count: 100_000)
        #expect(try trie.match("/" + segment)?.value == nil)
        #expect(try trie.match("/" + segment + "cb")?.captures.count == 40)
        #expect(try trie.match("/" + segment + "/b")?.value == nil)
    }

    @Test func capturesComeInOrder() throws {
        let match = try table("/a/{b}/c/{d}/{e...}").match("/a/1/c/%32/3/%34/5")
        #expect(match?.captures == ["1", "2", "3/4/5"])
        let parts = try table("/{a}/v{b}.{c}/{d}/{e...}").match("/1/v2.3/4/5/6")
        #expect(parts?.captures == ["1", "2", "3", "4", "5/6"])
    }

    @Test(arguments: [
        ("/a/b", ["/a/b", "/a/{x}", "/{y}/b", "/{all...}"]), ("/a", ["/{all...}"]), ("/a/c", ["/a/{x}", "/{all...}"]),
        ("/c/b", ["/{y}/b", "/{all...}"]), ("/..", []), ("a", []),
    ])
    func allMatchesComeBestFirst(_ path: String, _ expected: [String]) throws {
        #expect(try table("/{all...}", "/{y}/b", "/a/{x}", "/a/b").allMatches(path) == expected)
    }

    /// Each of the 2^10 routes fits the path; a matcher without the bound would still be done, but would ask more often.
    @Test func noPlaceIsOfferedTwice() throws {
        var trie = RouteTrie<Int>()
        for number in 0..<1024 {
            let segments = (0..<10).map { number >> $0 & 1 == 0 ? "a" : "{x\($0)}" }
            trie.insert(try PathTemplate(segments.joined(separator: "/"))) { $0 = number }
        }
        let path = String(repeating: "/a", count: 10)
        var offered: [Int] = []
        #expect(
            try trie.match(path) { place -> Int? in
                offered.append(place)
                return nil
            }?.value == nil)
        #expect(offered.count == 1024)
        #expect(Set(offered).count == 1024)
        #expect(try trie.match(path + String(repeating: "/a", count: 100_000))?.value == nil)
    }

    @Test func aLongPathNeedsNoStack() throws {
        let path = String(repeating: "/a", count: 200_000)
        #expect(try table("/{all...}", "/a/{x}").match(path)?.captures == [String(path.dropFirst())])
    }

    @Test func anEmptyTableMatchesNothing() throws {
        let trie = RouteTrie<Int>()
        #expect(try trie.match("/")?.value == nil)
        #expect(try trie.match("/a")?.value == nil)
        #expect(try trie.allMatches("/a/b") == [])
    }
}
