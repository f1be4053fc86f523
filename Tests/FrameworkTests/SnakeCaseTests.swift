@testable import MartletCore
import Testing

@Suite struct SnakeCaseTests {
    private struct Plain: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private enum Known: String, CodingKey { case userID, userId2 = "userName", plain, content = "content-type", _id }

    @Test(arguments: [
        ("name", "name"), ("firstName", "first_name"), ("userID", "user_id"), ("APIKey", "api_key"),
        ("userIDs", "user_ids"), ("first_name", "first_name"), ("_id", "_id"), ("_firstName_", "_first_name_"),
        ("content-type", "content-type"), ("Content-Type", "Content-Type"), ("a.B", "a.B"),
        ("straßeNord", "straße_nord"),
        ("", ""), ("_", "_"), ("x2Y", "x2_y"), ("@Id", "@Id"),
    ])
    func names(_ key: String, _ name: String) {
        #expect(SnakeCase.name(of: key) == name)
        // What is a name on the wire is one.
        #expect(SnakeCase.name(of: name) == name)
    }

    @Test func keysAreFoundByTheirNames() {
        func key<Key: CodingKey>(_ name: String, _: Key.Type) -> String? {
            let key: Key? = SnakeCase.key(named: name)
            return key?.stringValue
        }
        #expect(key("plain", Known.self) == "plain")
        #expect(key("user_name", Known.self) == "userName")
        #expect(key("content-type", Known.self) == "content-type")
        #expect(key("_id", Known.self) == "_id")
        #expect(key("userName", Known.self) == nil)
        #expect(key("first_name", Plain.self) == "firstName")
        #expect(key("a__b", Plain.self) == "a__b")
        #expect(key("Content-Type", Plain.self) == "Content-Type")
    }

    /// Whatever is written is read, by types that look at the names there are as well.
    @Test func randomNamesComeBack() throws {
        let json = JSON(
            {
                var settings = JSONSettings()
                settings.keys = .snakeCase
                return settings
            }(), isDevelopment: false)
        for _ in 0..<500 {
            let tree = Tree.random(depth: 3)
            let written = try json.buffer(of: tree)
            #expect(try json.decode(Tree.self, from: written) == tree, "\(String(buffer: written))")
        }
    }

    /// An object with names of one kind, made by its type, and a dictionary, whose keys are data.
    private struct Tree: Codable, Equatable {
        var firstChild: [Tree]
        var URLText: String?
        var byName: [String: Tree]
        var choice: Choice?

        enum Choice: Codable, Equatable {
            case oneThing(itsName: String, Int)
            case two
        }

        static func random(depth: Int) -> Tree {
            let names = ["a", "aB", "a_b", "AB", "_x", "a-B", "", "é", "aBC_d"]
            let count = depth == 0 ? 0 : Int.random(in: 0...2)
            return Tree(
                firstChild: (0..<count).map { _ in random(depth: depth - 1) }, URLText: names.randomElement(),
                byName: Dictionary((0..<count).map { _ in (names.randomElement() ?? "", random(depth: depth - 1)) }) {
                    $1
                },
                choice: [nil, .two, .oneThing(itsName: "n", 1)].randomElement() ?? nil)
        }
    }
}
