import MartletRouting
import Testing

@Suite struct RouteTrieInsertTests {
    struct Conflict: Error, Equatable { let other: String }

    private func insert(_ text: String, into trie: inout RouteTrie<String>) throws {
        try trie.insert(try PathTemplate(text)) { value throws(Conflict) in
            if let value { throw Conflict(other: value) }
            value = text
        }
    }

    @Test(arguments: [
        ("/a", "/a"), ("/{x}", "/{y}"), ("/{x...}", "/{y...}"), ("/a/{x?}", "/a"), ("/a", "/a/{x?}"),
        ("/a/{x}", "/a/{y?}"), ("/", "/{x?}"), ("/v{a}.{b}", "/v{x}.{y}"),
    ])
    func onePlaceForBothIsAConflict(_ first: String, _ second: String) throws {
        var trie = RouteTrie<String>()
        try insert(first, into: &trie)
        #expect(throws: Conflict(other: first)) { try insert(second, into: &trie) }
    }

    @Test(arguments: [
        ("/a", "/A"), ("/a", "/{x}"), ("/{x}", "/{x...}"), ("/a/{x...}", "/a"), ("/a/b", "/a/{x}"), ("/é", "/e\u{301}"),
        ("/v{a}", "/{a}v"), ("/v{a}", "/v{a}.{b}"), ("/v{a}", "/{a}"), ("/é{a}", "/e\u{301}{a}"),
    ])
    func twoPlacesAreNoConflict(_ first: String, _ second: String) throws {
        var trie = RouteTrie<String>()
        try insert(first, into: &trie)
        try insert(second, into: &trie)
    }

    @Test func aThrowChangesNothing() throws {
        var trie = RouteTrie<String>()
        try insert("/a/{x}", into: &trie)
        // Its first place, /a, is free, the second is not.
        #expect(throws: Conflict(other: "/a/{x}")) { try insert("/a/{y?}", into: &trie) }
        #expect(try trie.match("/a")?.value == nil)
        #expect(try trie.allMatches("/a") == [])
        #expect(try trie.match("/a/1")?.value == "/a/{x}")
        try insert("/a", into: &trie)
        #expect(try trie.match("/a")?.value == "/a")
    }

    @Test func updateIsCalledOnceForEachPlace() throws {
        for (text, calls) in [("/", 1), ("/a", 1), ("/a/{x}", 1), ("/a/{x?}", 2), ("/a/{x...}", 1)] {
            var trie = RouteTrie<Int>()
            var count = 0
            trie.insert(try PathTemplate(text)) {
                $0 = 1; count += 1
            }
            #expect(count == calls, "\(text)")
        }
    }

    @Test func aValueIsUpdatedInPlaceOrTakenAway() throws {
        var trie = RouteTrie<[String]>()
        trie.insert(try PathTemplate("/a/{x}")) { $0 = ["first"] }
        trie.insert(try PathTemplate("/a/{y}")) { $0?.append("second") }
        #expect(try trie.match("/a/1")?.value == ["first", "second"])
        trie.insert(try PathTemplate("/a/{z}")) { $0 = nil }
        #expect(try trie.match("/a/1")?.value == nil)
    }

    @Test func aCopyIsItsOwn() throws {
        let first = try table("/a")
        var second = first
        second.insert(try PathTemplate("/b")) { $0 = "/b" }
        #expect(try first.match("/b")?.value == nil)
        #expect(try second.match("/b")?.value == "/b")
    }

    @Test func aThousandRoutesAreAllFound() throws {
        var trie = RouteTrie<Int>()
        for number in 0..<1000 { trie.insert(try PathTemplate("/r\(number % 40)/s\(number)/{id}")) { $0 = number } }
        for number in 0..<1000 { #expect(try trie.match("/r\(number % 40)/s\(number)/x")?.value == number) }
        #expect(try trie.match("/r1/s0/x")?.value == nil)
    }
}
