import MartletRouting
import Testing

@Suite struct PathDecodingTests {
    @Test(arguments: [
        ("/chat", "/chat"), ("/ch%61t", "/chat"), ("/%63%68%61%74", "/chat"), ("/ch%41t", nil), ("/ch%2561t", nil),
        ("/%E8%81%8A%e5%a4%a9", "/聊天"), ("/聊天", "/聊天"), ("/a%2Bb", "/a+b"), ("/a+b", "/a+b"), ("/a%20b", nil),
        ("%2Fchat", nil), ("/chat%2F", nil), ("/a%2Fb", nil), ("/%C3%A9", "/é"), ("/e%CC%81", nil),
    ])
    func literalsAreComparedDecoded(_ path: String, _ expected: String?) throws {
        #expect(try table("/chat", "/聊天", "/a+b", "/a/b", "/é").match(path)?.value == expected)
    }

    @Test(arguments: [
        ("/plain", "plain"), ("/a%20b", "a b"), ("/a+b", "a+b"), ("/%2525", "%25"), ("/a%2Fb", "a/b"),
        ("/a%2fb", "a/b"),
        ("/%3F%23", "?#"), ("/%E2%82%AC", "€"), ("/€", "€"), ("/%F0%9F%90%A6%41", "🐦A"), ("/%7f%01", "\u{7f}\u{1}"),
    ])
    func capturesAreDecodedOnce(_ path: String, _ capture: String) throws {
        #expect(try table("/{x}").match(path)?.captures == [capture])
    }

    static let refused: [(String, PathDecodingError.Reason)] = [
        ("/%", .malformedEscape), ("/%4", .malformedEscape), ("/a%4/b", .malformedEscape), ("/%zz", .malformedEscape),
        ("/%%41", .malformedEscape), ("/%+1", .malformedEscape), ("/%4é", .malformedEscape), ("%", .malformedEscape),
        ("/%u0041", .malformedEscape),
        ("/%FF", .notUTF8), ("/%80", .notUTF8), ("/%C3", .notUTF8), ("/%C3/%A9", .notUTF8), ("/%C0%AF", .notUTF8),
        ("/%ED%A0%80", .notUTF8), ("/%F4%90%80%80", .notUTF8), ("/é%A9", .notUTF8),
        ("/%00", .nul), ("/a%00b", .nul), ("/\u{0}", .nul), ("/a/\u{0}%41", .nul),
    ]

    @Test(arguments: refused) func throwsWhateverTheRoutes(_ path: String, _ reason: PathDecodingError.Reason) throws {
        for trie in [try table(), try table("/{all...}"), try table("/a")] {
            for path in [path, "/other/segments" + path] {
                #expect(throws: PathDecodingError.self) { try trie.allMatches(path) }
                let error = #expect(throws: PathDecodingError.self) { try trie.match(path)?.value }
                #expect(error?.reason == reason)
            }
        }
    }

    @Test func theMessageQuotesNothingOfTheRequest() throws {
        let error = #expect(throws: PathDecodingError.self) { try table().match("/<script>%")?.value }
        #expect(error?.description == "The path has a \"%\" that two hexadecimal digits do not follow.")
    }
}
