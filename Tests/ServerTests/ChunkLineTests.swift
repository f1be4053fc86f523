import MartletCore
import NIOCore
import Testing

@testable import MartletServer

/// The line before a chunk: its size and its extensions (RFC 9112 section 7.1.1).
@Suite struct ChunkLineTests {
    private func size(_ line: String) -> Int? { try? ChunkLine(ByteBuffer(string: line), length: line.utf8.count).size }

    @Test(arguments: [
        ("9", 9), ("0", 0), ("fF", 255), ("0009", 9), ("9;a", 9), ("9;a=b", 9), ("9;a=\"\"", 9),
        ("9;a=\"b;c\\\"=\"", 9),
        ("9;a;b=c;d=\"e\"", 9), ("9; a = b", 9), ("9;\ta\t=\tb\t;c", 9), ("9;a ;b", 9), ("9;!#$%&'*+-.^_`|~=1", 9),
        ("9;a=\"é\"", 9), ("7ffffffffffffff", 0x7ff_ffff_ffff_ffff),
    ])
    func `is read`(line: String, expected: Int) { #expect(size(line) == expected) }

    @Test(arguments: [
        "", ";a", "g", "9;", "9;a[b", "9 ", "9\t", "9 ;a", "9;=x", "9;a=", "9;a=\"x", "9;a;", "9;a b", "9;a=b c",
        "9;a=\"b\"c",
        "9;a=b=c", "9;;a", "9; ", "9;a=\"b\\\"", "9;\"a\"=b", "9;a,b", "9x;a", "0x9", "-9", "+9", "ffffffffffffffffff",
        "9;a ",
        "9;a=b ",
    ])
    func `is refused`(line: String) { #expect(size(line) == nil) }

    /// Lines by the grammar are read, and one byte put where it cannot be spoils them.
    @Test func `every production by a generator`() {
        var random = SeededRandom(state: 7)
        func token() -> String {
            String(
                (0..<Int.random(in: 1...3, using: &random)).map { _ in "ab1!~".randomElement(using: &random) ?? "a" })
        }
        func blanks() -> String { ["", " ", "\t "].randomElement(using: &random) ?? "" }
        for _ in 0..<2000 {
            var line = String(Int.random(in: 0...0xffff, using: &random), radix: 16)
            let size = Int(line, radix: 16)
            for index in 0..<Int.random(in: 0...3, using: &random) {
                // A blank right behind the size is what this server does not take.
                line += (index == 0 ? "" : blanks()) + ";" + blanks() + token()
                switch Int.random(in: 0..<3, using: &random) {
                case 0: break
                case 1: line += blanks() + "=" + blanks() + token()
                default: line += blanks() + "=" + blanks() + "\"x \\\"\(token())\""
                }
            }
            #expect(self.size(line) == size, "\(line)")
            for bad in [line + ";", line + "=", line + ";=a", line + " ", line + ";a=\"", ";" + line] {
                let isQuotedEnd =
                    bad == line + "=" && line.last != "\"" && line.contains(";")
                    && !(line.split(separator: ";").last ?? "").contains("=")
                if !isQuotedEnd { #expect(self.size(bad) == nil, "\(bad)") }
            }
        }
    }
}
