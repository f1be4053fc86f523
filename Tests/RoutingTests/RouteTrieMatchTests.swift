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

    @Test func capturesComeInOrder() throws {
        let match = try table("/a/{b}/c/{d}/{e...}").match("/a/1/c/%32/3/%34/5")
        #expect(match?.captures == ["1", "2", "3/4/5"])
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
