import Foundation
import Testing

@testable import MartletJWT

@Suite struct FormTests {
    @Test func base64URLIsThatOfFoundationWithoutItsFreedoms() {
        var generator = Randomness(seed: 7)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            let text = Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
                .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
            #expect(Base64URL.text(of: bytes) == text)
            #expect(Base64URL.bytes(of: Array(text.utf8)) == bytes)
        }
        // Of all texts of two characters those with no bits too many are left, each for another byte.
        let all = (0...127).flatMap { first in (0...127).map { [UInt8(first), UInt8($0)] } }
        #expect(Set(all.compactMap { Base64URL.bytes(of: $0) }).count == 256)
        #expect(all.count { Base64URL.bytes(of: $0) != nil } == 256)
        for text in ["A", "AAAAA", "AA==", "AA=", "A+", "A/", "A A", "A\n", "\u{e4}A"] {
            #expect(Base64URL.bytes(of: Array(text.utf8)) == nil, "\(text)")
        }
    }

    /// What this reads Foundation reads as well, and the same; the other way round but for names that stand twice.
    @Test func strictJSONIsJSON() throws {
        var generator = Randomness(seed: 11)
        let seeds = [
            #"{"a":[1,-2.5e3,0.0,true,false,null,"x\n\u00e9\ud83d\ude00\/"],"b":{"c":{}},"d":""}"#,
            #"{"alg":"HS256","kid":"k","n":-0,"m":1E+2,"l":[[],[{}]]}"#,
        ].map { Array($0.utf8) }
        var taken = 0
        for _ in 0..<20_000 {
            let bytes = generator.changed(seeds[Int.random(in: 0..<seeds.count, using: &generator)])
            guard let value = StrictJSON(bytes) else { continue }
            taken += 1
            let other = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            #expect(value.isSame(as: other), "\(String(decoding: bytes, as: UTF8.self))")
        }
        #expect(taken > 2000)
    }

    static let refused: [String] = [
        "", " ", "{", "}", "{}{}", "[1,]", "[,1]", "{,}", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "01", "1.",
        ".5", "+1",
        "-", "1e", "1e+", "--1", "0x1", "Infinity", "NaN", "1e400", "tru", "TRUE", "nul", "'a'", "\"a", "\"\\x\"",
        "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\u{1}\"", "\"\n\"",
        "{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":2}", "/**/1", "1 2", "\u{feff}1", "\u{a0}1",
        String(repeating: "[", count: 17) + String(repeating: "]", count: 17),
    ]

    @Test(arguments: refused)
    func whatIsNoJSONIsNone(_ text: String) { #expect(StrictJSON(Array(text.utf8)) == nil) }

    @Test func bytesThatAreNoTextAreNoJSON() {
        for bytes: [UInt8] in [
            [0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0xc3],
        ] {
            #expect(StrictJSON(bytes) == nil)
        }
    }
}

extension StrictJSON {
    fileprivate func isSame(as other: Any) -> Bool {
        switch self {
        case .null: other is NSNull
        case .bool(let value): (other as? Bool) == value
        case .number(let value): (other as? Double) == value
        case .text(let value): (other as? String) == value
        case .array(let values):
            if let other = other as? [Any], other.count == values.count {
                zip(values, other).allSatisfy { $0.isSame(as: $1) }
            } else {
                false
            }
        case .object(let members):
            if let other = other as? [String: Any], other.count == members.count {
                members.allSatisfy { name, member in other[name].map { member.value.isSame(as: $0) } ?? false }
            } else {
                false
            }
        }
    }
}
