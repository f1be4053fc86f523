import Foundation
import MartletEventStream
import NIOCore
import Testing

@testable import MartletCore

/// The JSON that is taken from peers, production by production (RFC 8259).
@Suite struct JSONTextTests {
    private func problem(_ text: String) -> JSONProblem? { problem(Array(text.utf8)) }

    private func problem(_ bytes: [UInt8]) -> JSONProblem? {
        var scanner = JSONScanner()
        return scanner.scan(ByteBuffer(bytes: bytes).readableBytesUInt8Span)
    }

    @Test(arguments: [
        "null", "true", "false", "0", "-0", "1", "-12", "0.5", "1e5", "1E+5", "1.25e-3", "0e1", "0E-7", "-0e0", "[]",
        "{}",
        "\"\"", " [ 1 , 2 ] ", "\t{\r\n\"a\" : [ { } ] }", #""\"\\\/\b\f\n\r\t\u0041""#, #""\ud83d\ude00""#,
        "\"漢😀\u{7f}\"",
        #"{"a":1,"b":{"a":1}}"#, #"[{"a":1},{"a":1}]"#, "\u{feff}1",
    ])
    func `is taken`(text: String) { #expect(problem(text) == nil) }

    @Test(arguments: [
        ("", JSONProblem.Reason.syntax, 0), (" ", .syntax, 1), ("[1,]", .syntax, 3), (#"{"a":1,}"#, .syntax, 7),
        ("[,1]", .syntax, 1), ("[1 2]", .syntax, 3), ("01", .syntax, 1), ("+1", .syntax, 0), (".5", .syntax, 0),
        ("1.", .syntax, 2), ("1e", .syntax, 2), ("1e+", .syntax, 3), ("-", .syntax, 1), ("NaN", .syntax, 0),
        ("nul", .syntax, 3), ("truE", .syntax, 3), ("'a'", .syntax, 0), ("\"a", .syntax, 2), ("\"\n\"", .syntax, 1),
        (#""\x""#, .syntax, 2), (#""\u12g4""#, .syntax, 5), ("{1:2}", .syntax, 1), (#"{"a"}"#, .syntax, 4),
        (#"{"a":}"#, .syntax, 5), ("[", .syntax, 1), ("]", .syntax, 0), ("[}", .syntax, 1), ("1 1", .syntax, 2),
        ("[1]]", .syntax, 3), ("// x\n1", .syntax, 0), (#""\ud800""#, .halfSurrogate, 1),
        (#""\udc00""#, .halfSurrogate, 1),
        (#""\ud800\u0041""#, .halfSurrogate, 1), (#""a\ud83dx""#, .halfSurrogate, 2),
        (#"{"a":1,"a":2}"#, .repeatedMember, 7), (#"{"a":1,"\u0061":2}"#, .repeatedMember, 7),
        (#"{"é":1,"\u00e9":2}"#, .repeatedMember, 8), (String(repeating: "[", count: 513), .tooDeep, 512),
    ])
    func `is refused where it goes wrong`(text: String, reason: JSONProblem.Reason, offset: Int) {
        #expect(problem(text) == JSONProblem(reason: reason, offset: offset))
    }

    /// Unicode, table 3-7, by every sequence of up to four bytes of its borders.
    @Test func `what is not UTF-8 is refused`() {
        let borders: [UInt8] = [
            0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEE, 0xEF, 0xF0,
            0xF1,
            0xF3, 0xF4, 0xF5, 0xFF,
        ]
        for first in borders where first >= 0x80 {
            for second in borders {
                for third in borders {
                    for tail in [[], [0x80], [0xBF, 0x41]] as [[UInt8]] {
                        let bytes = [first, second, third] + tail
                        let isGood = String(validating: bytes, as: UTF8.self) != nil
                        let found = problem([0x22] + bytes + [0x22])
                        #expect((found == nil) == isGood, "\(bytes)")
                        if !isGood { #expect(found?.reason == .notUTF8, "\(bytes)") }
                    }
                }
            }
        }
    }

    @Test func `members are told apart however many there are`() {
        let many = (0..<5000).map { "\"k\($0)\":1" }.joined(separator: ",")
        #expect(problem("{\(many)}") == nil)
        #expect(problem("{\(many),\"k17\":1}")?.reason == .repeatedMember)
    }

    @Test func `Foundation takes what is taken, and zero with any exponent is zero`() throws {
        for (text, value) in [("0e1", 0.0), ("-0E-7", 0), ("1e2", 100)] {
            let buffer = try JSONText(ByteBuffer(string: "[\(text),7]")).buffer
            #expect(try JSON.standard.decode([Double].self, from: buffer) == [value, 7])
        }
    }

    /// A generator of good texts, and of the same with one byte changed, against Foundation, but for what it is known to take
    /// or to refuse.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `random texts are judged as Foundation judges them`(seed: UInt64) throws {
        var random = Generator(state: seed)
        for _ in 0..<200 {
            let text = Self.text(&random, depth: 0)
            #expect(problem(text) == nil, "\(text)")
            var bytes = Array(text.utf8)
            guard let index = bytes.indices.randomElement(using: &random) else { continue }
            bytes[index] =
                [0x20, 0x22, 0x2C, 0x5B, 0x5D, 0x7B, 0x7D, 0x30, 0x65, 0x61, 0x5C].randomElement(using: &random) ?? 0
            let isTaken = problem(bytes) == nil
            let isFoundations =
                (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
            // It takes trailing commas and members twice, and nothing is refused that it should take but zeros' exponents.
            if isTaken, !isFoundations {
                #expect(
                    String(decoding: bytes, as: UTF8.self).contains(/0[eE]/),
                    "\(String(decoding: bytes, as: UTF8.self))")
            }
        }
    }

    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 31)
        }
    }

    private static func text(_ random: inout Generator, depth: Int) -> String {
        switch Int.random(in: 0..<(depth > 4 ? 5 : 8), using: &random) {
        case 0: return ["null", "true", "false"].randomElement(using: &random) ?? ""
        case 1: return "\(Int.random(in: -1000...1000, using: &random))"
        case 2: return "\(Int.random(in: 1...9, using: &random)).\(Int.random(in: 0...99, using: &random))e-3"
        case 3: return #""a\n\u00e9漢""#
        case 4: return "\"\""
        case 5:
            return "["
                + (0..<Int.random(in: 0..<4, using: &random)).map { _ in text(&random, depth: depth + 1) }
                .joined(separator: " , ") + "]"
        default:
            return "{"
                + (0..<Int.random(in: 0..<4, using: &random)).map { "\"k\($0)\": " + text(&random, depth: depth + 1) }
                .joined(separator: ",") + "}"
        }
    }
}
