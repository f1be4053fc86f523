import Foundation
import Martlet
import MartletTesting
import Testing

@testable import MartletJWT

@Suite struct JWKSFileTests {
    private let file = FileManager.default.temporaryDirectory.appending(path: "jwks-\(UUID().uuidString).json")

    private func write(_ ids: String...) throws {
        let keys = ids.map { id in
            let secret = Base64URL.text(of: Array((PyJWT.secret + id).utf8))
            return "{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"\(id)\",\"k\":\"\(secret)\"}"
        }
        try Data("{\"keys\":[\(keys.joined(separator: ","))]}".utf8).write(to: file, options: .atomic)
    }

    private func token(_ id: String) async throws -> String {
        try await Forge.token(
            "{\"alg\":\"HS256\",\"kid\":\"\(id)\"}", by: try JWTKey(secret: PyJWT.secret + id, id: id))
    }

    @Test func aChangedFileCountsWithoutARestart() async throws {
        defer { try? FileManager.default.removeItem(at: file) }
        try write("a")
        let host = try TestHost.taking(try JWKSFile(file.path))
        let (a, b) = (try await token("a"), try await token("b"))
        #expect(try await host.refusal(of: a) == nil)
        #expect(try await host.refusal(of: b) == "Its key is not known.")
        try write("a", "b")
        // It was looked at just now.
        #expect(try await host.refusal(of: b) == "Its key is not known.")
        await host.advance(by: .seconds(5))
        #expect(try await host.refusal(of: b) == nil)
        #expect(try await host.refusal(of: a) == nil)
        try write("b")
        await host.advance(by: .seconds(4))
        #expect(try await host.refusal(of: a) == nil)
        await host.advance(by: .seconds(1))
        #expect(try await host.refusal(of: a) == "Its key is not known.")
        #expect(try await host.refusal(of: b) == nil)
    }

    @Test func aBrokenFileKeepsTheKeysAndIsToldOnce() async throws {
        defer { try? FileManager.default.removeItem(at: file) }
        try write("a")
        let host = try TestHost.taking(try JWKSFile(file.path))
        let a = try await token("a")
        let problems = { host.log.count { $0.message.contains("stay as they were") } }
        for broken in ["{\"keys\":[", "", nil] {
            if let broken {
                try Data(broken.utf8).write(to: file)
            } else {
                try FileManager.default.removeItem(at: file)
            }
            let before = problems()
            for _ in 0..<3 {
                await host.advance(by: .seconds(5))
                #expect(try await host.refusal(of: a) == nil)
            }
            #expect(problems() == before + 1)
        }
        try write("b")
        await host.advance(by: .seconds(5))
        #expect(try await host.refusal(of: a) == "Its key is not known.")
        #expect(try await host.refusal(of: try await token("b")) == nil)
    }

    @Test func aFileThatCannotBeTakenEndsTheStart() throws {
        defer { try? FileManager.default.removeItem(at: file) }
        let missing = #expect(throws: StartupError.self) { try JWKSFile(file.path) }
        #expect(missing?.description.contains(file.path) == true)
        for text in [
            "", "{", #"{"keys":[]}"#, #"{"keys":[{"kty":"oct","alg":"HS256","k":"AAAA"}]}"#,
            String(repeating: " ", count: 1 << 20 + 1),
        ] {
            try Data(text.utf8).write(to: file)
            let error = #expect(throws: StartupError.self) { try JWKSFile(file.path) }
            // A sentence.
            #expect(error?.description.hasSuffix(".") == true && error?.description.hasSuffix("..") == false)
        }
        #expect(throws: StartupError.self) { try JWKSFile(FileManager.default.temporaryDirectory.path) }
    }
}
