import Foundation
import Martlet
import MartletMiddleware
import MartletTesting
import Testing

/// Random clients, each with copies of cookies that it once had, against a model of plain dictionaries.
@Suite struct SessionModelTests {
    private struct Model {
        struct Session {
            var values: [String: String] = [:]
            var user: String?
            var createdAt: Double
            var lastUse: Double
        }
        /// By the cookie that is good for it.
        var sessions: [String: Session] = [:]
        var now = 0.0
        static let (idleTime, lifetime) = (600.0, 3600.0)

        func isOver(_ session: Session) -> Bool {
            now - session.lastUse >= Self.idleTime || now - session.createdAt >= Self.lifetime
        }
        func live(_ cookie: String?) -> Session? { cookie.flatMap { sessions[$0] }.flatMap { isOver($0) ? nil : $0 } }
    }

    private enum Step: CaseIterable {
        case read, write, remove, signIn, renew, signOut, wait, waitLong, restart, useOldCookie, endOthers, list
    }

    @Test(arguments: StoreKind.allCases, 1...3 as ClosedRange<UInt64>)
    func `a store does what the model does`(kind: StoreKind, seed: UInt64) async throws {
        let place = try SessionPlace(kind)
        var random = RandomText(seed: seed)
        var model = Model()
        var host = try place.host(
            place.sessions(idleTime: .seconds(Model.idleTime), lifetime: .seconds(Model.lifetime)))
        var clients = (0..<4).map { _ in host.client() }
        var oldCookies: [String] = []
        let name = "martlet_session"

        for number in 0..<120 {
            let step = Step.allCases[random.number(below: Step.allCases.count)]
            let which = random.number(below: clients.count)
            let client = clients[which]
            let before = client.cookies[name]
            var session = model.live(before)
            // Uses are noted when the last is older than a thirtieth of the idle time.
            if let known = session, model.now - known.lastUse >= 20 { session?.lastUse = model.now }
            let key = "k\(random.number(below: 3))"
            let comment: Comment = "step \(number), \(step)"

            switch step {
            case .read, .list:
                break
            case .write, .remove:
                let value = step == .write ? random.text(upTo: 3) : nil
                try await client.post(
                    "/visit/write", form: value.map { ["key": key, "value": "v" + $0] } ?? ["key": key])
                if session == nil, value != nil { session = Model.Session(createdAt: model.now, lastUse: model.now) }
                session?.values[key] = value.map { "v" + $0 }
                session?.lastUse = model.now
            case .signIn:
                let user = "u\(random.number(below: 2))"
                try await client.post("/visit/sign-in", form: ["user": user])
                let values = session?.user == nil || session?.user == user ? session?.values : nil
                session = Model.Session(values: values ?? [:], user: user, createdAt: model.now, lastUse: model.now)
            case .renew:
                try await client.post("/visit/renew", form: [:])
                session?.lastUse = model.now
            case .signOut:
                try await client.post("/visit/sign-out", form: [:])
                session = nil
            case .wait, .waitLong:
                let seconds = Double(random.number(below: step == .wait ? 100 : 700))
                await host.clock.advance(by: .seconds(seconds))
                model.now += seconds
                continue
            case .restart:
                let cookies = clients.map(\.cookies)
                host = try place.host(
                    place.sessions(idleTime: .seconds(Model.idleTime), lifetime: .seconds(Model.lifetime)))
                await host.clock.advance(by: .seconds(model.now))
                clients = cookies.map { cookies in
                    let client = host.client()
                    client.cookies = cookies
                    return client
                }
                continue
            case .useOldCookie:
                guard !oldCookies.isEmpty else { continue }
                client.cookies[name] = oldCookies[random.number(below: oldCookies.count)]
                continue
            case .endOthers:
                let count = try await client.post("/visit/end-others", form: [:]).json(Int.self)
                var expected = 0
                if let user = session?.user {
                    for (cookie, other) in model.sessions where other.user == user && cookie != before {
                        if !model.isOver(other) { expected += 1 }
                        model.sessions[cookie] = nil
                    }
                }
                // Those that are over may be there still, or be swept.
                #expect(count >= expected, comment)
            }

            if step == .read || step == .list {
                let list = try await client.get("/visit/list").json([String].self)
                let user = session?.user
                let expected = model.sessions.values.filter { user != nil && $0.user == user && !model.isOver($0) }
                #expect(list.count == expected.count, comment)
            }
            let after = client.cookies[name]
            if let before, before != after { oldCookies.append(before) }
            if let before { model.sessions[before] = nil }
            if let session {
                let cookie = try #require(after, comment)
                #expect(
                    (cookie != before)
                        == (step == .signIn || step == .renew || model.live(before) == nil && before != cookie), comment
                )
                model.sessions[cookie] = session
            }
            // What the client has now, which is itself a use.
            let values = try await client.get("/visit/all").json([String: String].self)
            #expect(values == session?.values ?? [:], comment)
            #expect(try await client.get("/visit/user").text == session?.user ?? "nobody", comment)
        }
    }
}
