import MartletRouting
import Testing

@Suite struct NameSuggestionTests {
    @Test(arguments: [
        ("Chat@steam", ["Chat@send", "Chat@stream", "Client@count"], "Chat@stream"),
        ("chat@stream", ["Chat@send", "Chat@stream"], "Chat@stream"),
        ("indxe", ["create", "index"], "index"),
        ("sned", ["send", "show"], "send"),
        ("brodcast", ["broadcast", "broadcasts"], "broadcast"),
        ("cat", ["cut", "cot", "car"], "car"),
        ("聊天史", ["聊天室"], "聊天室"),
        ("show", ["show"], "show"),
    ])
    func suggests(_ name: String, _ candidates: [String], _ nearest: String) {
        #expect(NameSuggestion.nearest(to: name, in: candidates) == nearest)
        #expect(NameSuggestion.nearest(to: name, in: Set(candidates)) == nearest)
    }

    @Test(arguments: [
        ("login", ["stream", "send", "count"]), ("ab", ["ba", "id"]), ("profile", ["file"]), ("x", []),
        ("", ["a", "abc"]),
    ])
    func suggestsNothingThatIsFar(_ name: String, _ candidates: [String]) {
        #expect(NameSuggestion.nearest(to: name, in: candidates) == nil)
    }
}
