import Foundation
import Martlet
import MartletMiddleware
import Testing

/// What a session has comes back byte for byte.
@Suite struct ExactSessionTests {
    /// In the order of the bytes, which `==` of texts does not look at.
    private func exact(_ values: [String: String]?) -> [[[UInt8]]]? {
        values?.map { [Array($0.key.utf8), Array($0.value.utf8)] }.sorted { $0.debugDescription < $1.debugDescription }
    }

    private func changed(_ values: [String: String?], _ session: StoredSession, in store: any SessionStore) async throws
    {
        var change = SessionChange(of: session, at: session.lastUse)
        change.values = values
        guard case .made = try await store.update(session.handle, change) else {
            Issue.record("the session is gone")
            return
        }
    }

    private func session(_ values: [String: String], user: String? = nil) -> StoredSession {
        StoredSession(
            SessionID(), user: user, values: values, use: SessionUse(date: Date(), device: "a\0b", address: "::1"))
    }

    @Test(arguments: StoreKind.allCases) func `a name with a NUL does not become another's`(kind: StoreKind)
        async throws
    {
        let place = try SessionPlace(kind)
        defer { withExtendedLifetime(place) {} }
        let session = session(["name": "admin\0", "a\0b": ""], user: "admin\0")
        _ = try await place.open().create(session)
        #expect(try await place.open().load(session.handle) == session)
        #expect(try await place.open().sessions(of: "admin").isEmpty)
        #expect(try await place.open().sessions(of: "admin\0") == [session])
        try await changed(["name": "\0", "a": "1"], session, in: place.open())
        #expect(try await place.open().load(session.handle)?.values == ["name": "\0", "a\0b": "", "a": "1"])
    }

    @Test(arguments: StoreKind.allCases)
    func `a key that is written with other code points is the same key, a user another`(kind: StoreKind) async throws {
        let place = try SessionPlace(kind)
        defer { withExtendedLifetime(place) {} }
        let store = try place.open()
        let session = session(["é": "1", "K": "1"], user: "é")
        _ = try await store.create(session)
        try await changed(["e\u{301}": "2", "\u{212A}": nil], session, in: store)
        #expect(try await store.load(session.handle)?.values == ["é": "2"])
        #expect(try await store.sessions(of: "é").count == 1)
        #expect(try await store.sessions(of: "e\u{301}").isEmpty)
    }

    @Test(arguments: StoreKind.allCases, 1...8 as ClosedRange<UInt64>)
    func `random keys and values come back`(kind: StoreKind, seed: UInt64) async throws {
        let place = try SessionPlace(kind)
        defer { withExtendedLifetime(place) {} }
        var random = RandomText(seed: seed)
        func values() -> [String: String] {
            Dictionary((0..<20).map { _ in (random.text(upTo: 2), random.text()) }, uniquingKeysWith: { $1 })
        }
        var expected = values()
        let session = session(expected, user: random.optional())
        _ = try await place.open().create(session)
        #expect(try await exact(place.open().load(session.handle)?.values) == exact(expected))
        for _ in 0..<10 {
            let changes = values().mapValues { random.number(below: 3) == 0 ? nil : $0 }
            for (key, value) in changes {
                // As a dictionary does: the key stays as it was written first.
                expected[key] = value
            }
            try await changed(changes, session, in: place.open())
            #expect(try await exact(place.open().load(session.handle)?.values) == exact(expected))
        }
    }
}
