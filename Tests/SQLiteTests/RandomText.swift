/// Texts of all that a column may spoil: NUL anywhere, line ends, quotes, scalars of every length, and the same letter
/// written in two ways.
struct RandomText {
    private var state: UInt64
    private static let pieces = [
        "\0", "\0", "a", "ab", " ", "'", "\"", "\r\n", "\r", "\n", "/", "é", "e\u{301}", "\u{301}", "K", "\u{212A}",
        ";",
        "\u{37E}", "线", "👩‍👩‍👧", "\u{FEFF}", "\u{FFFD}", "\u{10FFFF}", "\u{D7FF}", "\u{7F}", "\u{80}", "\u{1F}",
    ]

    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func number(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }

    mutating func text(upTo length: Int = 6) -> String {
        (0..<number(below: length + 1)).map { _ in Self.pieces[number(below: Self.pieces.count)] }.joined()
    }

    mutating func optional() -> String? { number(below: 4) == 0 ? nil : text() }
}

/// A text by its bytes: Swift takes for equal what only looks the same.
func bytes(_ text: String?) -> [UInt8]? { text.map { Array($0.utf8) } }
