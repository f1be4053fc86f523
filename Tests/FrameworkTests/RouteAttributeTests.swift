import HTTPTypes
import MartletCore
import MartletTesting
import Synchronization
import Testing

/// Writes down that a request passed.
private struct Step: ImmediateMiddleware, CustomStringConvertible {
    let name: String
    init(_ name: String) { self.name = name }
    var description: String { name }

    func answer(_ ctx: Context, next: Next) -> Answer {
        ctx.response.headers.append(HTTPField(name: .server, value: name))
        return next.answer(ctx)
    }
}

private struct Audited: Sendable, Equatable, CustomStringConvertible {
    let name: String
    init(_ name: String) { self.name = name }
    var description: String { name }
}

private protocol Gatekeeper: Sendable { func lets(_ name: String) -> Bool }

private struct Strict: Gatekeeper {
    func lets(_ name: String) -> Bool { false }
}

private struct Lenient: Gatekeeper {
    func lets(_ name: String) -> Bool { true }
}

@Injectable
private struct Keeper: Gatekeeper {
    let lenient: Lenient
    func lets(_ name: String) -> Bool { lenient.lets(name) }
}

/// Made from the app's services.
@Injectable
private struct Gate: ImmediateMiddleware {
    let keeper: any Gatekeeper

    func answer(_ ctx: Context, next: Next) throws -> Answer {
        guard keeper.lets(ctx.request.path) else { throw HTTPError(.forbidden) }
        return next.answer(ctx)
    }
}

@Use(Step("type"), Step("type 2"))
@Mark(Audited("shelf"))
@Controller("shelf")
private struct ShelfController {
    var middleware: [any Middleware] { [Step("property")] }

    func index() -> String { "shelf" }

    @Use(Step("action")) @Mark(Audited("deletion"), 7)
    func delete(id: Int) -> String { "gone" }

    @Use(Gate.self) @GET func guarded() -> String { "in" }

    @GET("/elsewhere") func elsewhere() -> String { "elsewhere" }
}

@Actions extension ShelfController {
    @Use(Step("extension")) func newest() -> String { "newest" }
}

/// Only where it is mounted.
@Controller(isDiscovered: false)
private struct CounterController {
    let start: Int
    let step: @Sendable (Int) -> Int

    func index() -> Int { step(start) }
}

@Suite struct RouteAttributeTests {
    /// Says of each request what its route carries, before the action runs.
    private struct Marks: ImmediateMiddleware {
        func answer(_ ctx: Context, next: Next) -> Answer {
            let marks = ctx.route?.marks.map { "\($0)" }.joined(separator: ",") ?? "-"
            let nearest = ctx.route?.mark(Audited.self)?.name ?? "-"
            return next.answer(ctx) { $0.headers[.via] = "\(marks) \(nearest)" }
        }
    }

    private static func host(
        over transport: Transport, _ configure: (inout AppBuilder) throws -> Void = { _ in }
    ) throws -> TestHost {
        try TestHost(controllers: ShelfController.self, over: transport) { app in
            app.services.add(Strict(), as: (any Gatekeeper).self)
            app.use(Marks(), Step("app"))
            try configure(&app)
        }
    }

    @Test(
        arguments: Transport.allCases,
        [
            ("GET", "/shelf", "app, type, type 2, property", "shelf shelf"),
            ("DELETE", "/shelf/3", "app, type, type 2, property, action", "shelf,deletion,7 deletion"),
            ("GET", "/shelf/newest", "app, type, type 2, property, extension", "shelf shelf"),
            ("GET", "/elsewhere", "app, type, type 2, property", "shelf shelf"),
            ("GET", "/nowhere", nil, "- -"),
        ])
    func `attributes wrap and mark their actions, from the app inwards`(
        transport: Transport, row: (method: String, path: String, steps: String?, marks: String)
    ) async throws {
        let host = try Self.host(over: transport)
        let method = try #require(HTTPRequest.Method(rawValue: row.method))
        let response = try await host.client().request(method, row.path)
        #expect(response.headers[.server] == row.steps)
        #expect(response.headers[.via] == row.marks)
    }

    @Test func `middleware is made from services, which a test can replace`() async throws {
        #expect(try await Self.host(over: .inProcess).client().get("/shelf/guarded").status == .forbidden)
        let open = try Self.host(over: .inProcess) { $0.services.add(Lenient(), as: (any Gatekeeper).self) }
        #expect(try await open.client().get("/shelf/guarded").text == "in")
        let all = try Self.host(over: .inProcess) { $0.use(Gate.self) }
        #expect(try await all.client().get("/shelf").status == .forbidden)
        let made = try Self.host(over: .inProcess) { app in
            app.use { services in Gate(keeper: try services.resolve()) }
        }
        #expect(try await made.client().get("/shelf").status == .forbidden)
    }

    @Test func `middleware that cannot be made ends the start with who needs what`() {
        let property = #expect(throws: StartupError.self) {
            try TestHost(controllers: ShelfController.self)
        }
        #expect(
            "\(property, default: "-")".contains(
                "The property 'keeper' of FrameworkTests/RouteAttributeTests.swift:43 needs a Gatekeeper"))
        struct Sulking: Error, CustomStringConvertible { let description = "it sulks" }
        let thrown = #expect(throws: StartupError.self) {
            try Self.host(over: .inProcess) { $0.use(fileID: "App/App.swift", line: 7) { _ in throw Sulking() } }
        }
        #expect("\(thrown, default: "-")" == "The middleware at App/App.swift:7 could not be made: it sulks.")
    }

    @Test func `a service may be made from its own properties`() async throws {
        let host = try Self.host(over: .inProcess) { app in
            app.services.add(Lenient())
            app.services.singleton(Keeper.self)
            app.services.singleton((any Gatekeeper).self) { try $0.resolve(Keeper.self) }
        }
        #expect(try await host.client().get("/shelf/guarded").text == "in")
    }

    @Test func `the listing of routes shows attributes`() throws {
        let lines = try Self.host(over: .inProcess).application.routeListing(showsLocations: false)
            .split(separator: "\n").map {
                $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
            }
        let type = #"@Use(Step("type")) @Use(Step("type 2")) @Mark(Audited("shelf"))"#
        #expect(lines.contains("GET /shelf Shelf@index \(type)"))
        #expect(
            lines.contains(
                #"DELETE /shelf/{id} Shelf@delete \#(type) @Use(Step("action")) @Mark(Audited("deletion")) @Mark(7)"#))
    }

    @Test(arguments: Transport.allCases) func `a controller is where it is mounted, and only there`(
        transport: Transport
    ) async throws {
        let host = try TestHost(controllers: ShelfController.self, over: transport) { app in
            app.services.add(Strict(), as: (any Gatekeeper).self)
            app.use(Marks())
            app.mount(CounterController(start: 1) { $0 + 1 })
            app.mount(
                CounterController(start: 5) { $0 * 2 }, at: "v2/counter", use: [Step("mounted")], marks: ["second"])
            app.mount(ShelfController.self, at: "/library")
        }
        let client = host.client()
        #expect(try await client.get("/counter").text == "2")
        let second = try await client.get("/v2/counter")
        #expect(second.text == "10")
        #expect(second.headers[.server] == "mounted")
        #expect(second.headers[.via] == "second -")
        #expect(try await client.get("/library").text == "shelf")
        #expect(try await client.get("/library/newest").text == "newest")
        #expect(try await client.get("/shelf").status == .notFound)
        #expect(try await client.get("/elsewhere").text == "elsewhere")
    }

    @Test func `what is mounted nowhere is not routed, and a prefix that is none ends the start`() async throws {
        let unmounted = #expect(throws: StartupError.self) { try TestHost(controllers: CounterController.self) }
        #expect(
            "\(unmounted, default: "-")"
                == "CounterController is made by the app and not from services: app.mount(CounterController(…)).")
        let malformed = #expect(throws: StartupError.self) {
            try TestHost(controllers: ShelfController.self) {
                $0.services.add(Strict(), as: (any Gatekeeper).self);
                $0.mount(CounterController(start: 1) { $0 }, at: "{a")
            }
        }
        #expect("\(malformed, default: "-")".contains("CounterController cannot be mounted at '{a': "))
    }
}
