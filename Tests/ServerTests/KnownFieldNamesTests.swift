import HTTPTypes
import NIOCore
import Testing

@testable import MartletServer

@Suite struct KnownFieldNamesTests {
    /// Known ones in every spelling, their neighbours, and names that share a hash with others.
    @Test func `a name means the same whether it is known or not`() throws {
        var generator = SystemRandomNumberGenerator()
        let known = [
            "Host", "content-length", "Content-Type", "Transfer-Encoding", "CONNECTION", "Expect", "X-Request-ID",
        ]
        let letters = Array("abHost-_1.~")
        for turn in 0..<2000 {
            var name = known.randomElement(using: &generator) ?? "Host"
            switch turn % 5 {
            case 0:
                name = String(name.map { Bool.random(using: &generator) ? $0.uppercased() : $0.lowercased() }.joined())
            case 1: name.removeLast()
            case 2: name.append(letters.randomElement(using: &generator) ?? "a")
            case 3:
                name = String((0...Int.random(in: 0...9)).compactMap { _ in letters.randomElement(using: &generator) })
            default: break
            }
            let line = ByteBuffer(string: "\(name): value")
            let field = try FieldLine(line, length: line.readableBytes)
            let expected = try #require(HTTPField.Name(name))
            let (found, role) = try field.name(in: line)
            #expect(found.rawName == name)
            #expect(found == expected)
            #expect(role == FieldRole(expected))
        }
    }

    @Test(arguments: ["Host", "host", "Sec-CH-UA", "sec-ch-ua", "User-Agent"])
    func `the usual spellings are known`(name: String) throws {
        let line = ByteBuffer(string: "x\(name): value").getSlice(at: 1, length: name.utf8.count + 7) ?? ByteBuffer()
        let field = try FieldLine(line, length: line.readableBytes)
        let known = KnownFieldNames.shared.find(field.name, in: line, hash: field.nameHash)
        #expect(known?.0.rawName == name)
    }
}
