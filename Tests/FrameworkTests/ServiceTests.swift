import Martlet
import MartletTesting
import Synchronization
import Testing

/// What happened, in order.
final class Journal: Sendable {
    private let lines = Mutex<[String]>([])
    func note(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}

protocol Greeter: Sendable { func greet() -> String }
struct Polite: Greeter { func greet() -> String { "Good day" } }
struct Counter: Sendable { let number: Int }
struct Unknown: Sendable {}

final class Connection: ClosableService {
    let journal: Journal
    init(_ journal: Journal) {
        self.journal = journal
        journal.note("open connection")
    }
    func close() async { journal.note("close connection") }
}

final class Transaction: ClosableService {
    let connection: Connection
    init(_ connection: Connection) {
        self.connection = connection
        connection.journal.note("begin")
    }
    func close() async { connection.journal.note("end") }
}

@Controller("services")
struct ServiceController {
    let journal: Journal
    let greeter: any Greeter

    @GET func greet() -> String { greeter.greet() }
    @GET func scoped(transaction: Transaction, connection: Connection, n: Int) -> String {
        journal.note("action")
        return "\(transaction.connection === connection)"
    }
    @GET func failing(connection: Connection) throws -> String { throw HTTPError(.conflict) }
    @GET func stream(connection: Connection, _ ctx: Context) -> EventStream {
        ctx.sse.open { client in
            do {
                _ = try ctx.services.resolve(Transaction.self)
                try client.send(data: "resolved")
            } catch {
                try client.send(data: "\(error)")
            }
        }
    }
}

@Controller("needy")
struct NeedyController {
    let unknown: Unknown
    func index() -> String { "" }
}

@Controller("scope-holder")
struct ScopeHolderController {
    let connection: Connection
    func index() -> String { "" }
}

@Controller("circular")
struct CircularController {
    func index(counter: Counter) -> String { "\(counter.number)" }
}

@Controller("parameter")
struct UnknownParameterController {
    func index(unknown: Unknown) -> String { "" }
}

@Suite struct ServiceTests {
    let journal = Journal()

    private func host(_ middleware: any Middleware...) throws -> TestHost {
        let journal = journal
        return try TestHost(controllers: ServiceController.self) { builder in
            for one in middleware { builder.use(one) }
            builder.services.add(journal)
            builder.services.add(Polite(), as: (any Greeter).self)
            builder.services.scoped { _ in Connection(journal) }
            builder.services.scoped { Transaction(try $0.resolve(Connection.self)) }
        }
    }

    private func startupError(_ controller: any Controller.Type, _ configure: (inout AppBuilder) -> Void) -> String? {
        do {
            _ = try TestHost(controllers: controller, configure: configure)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func `a controller is given its services by type`() async throws {
        #expect(try await host().client().get("/services/greet").text == "Good day")
    }

    @Test func `a scoped service is made once a request and closed in reverse when the action returned`() async throws {
        let client = try host().client()
        #expect(try await client.get("/services/scoped?n=1").text == "true")
        let once = ["open connection", "begin", "action", "end", "close connection"]
        #expect(journal.all == once)
        #expect(try await client.get("/services/scoped?n=1").text == "true")
        #expect(journal.all == once + once)
    }

    @Test(arguments: ["failing", "scoped?n=x"])
    func `a scoped service is closed when the action failed or was not reached`(target: String) async throws {
        _ = try await host().client().get("/services/\(target)")
        #expect(journal.all.first == "open connection")
        #expect(journal.all.last == "close connection")
    }

    @Test func `a scoped service is closed before its stream ends, and none is made for the stream's body`()
        async throws
    {
        let stream = try await host().client().stream("/services/stream")
        #expect(journal.all == ["open connection", "close connection"])
        #expect(try await stream.next().data.contains("request"))
        #expect(await stream.hasEnded == false)
        #expect(journal.all == ["open connection", "close connection"])
    }

    @Test func `what a middleware made is closed even where no action was reached`() async throws {
        struct Opening: Middleware {
            func respond(to ctx: Context, next: Next) async throws -> Response {
                _ = try ctx.services.resolve(Connection.self)
                return try await next(ctx)
            }
        }
        let response = try await host(Opening()).client().get("/nowhere")
        #expect(response.status == .notFound)
        #expect(journal.all == ["open connection", "close connection"])
    }

    @Test func `a singleton is made once, at start-up, from others`() async throws {
        let journal = journal
        let client = try TestHost(controllers: CircularController.self) { builder in
            builder.services.add(journal)
            builder.services.singleton { (services) -> Counter in
                try services.resolve(Journal.self).note("made")
                return Counter(number: 7)
            }
        }.client()
        #expect(journal.all == ["made"])
        for _ in 0..<2 { #expect(try await client.get("/circular").text == "7") }
        #expect(journal.all == ["made"])
    }

    @Test func `the last registration of a type counts`() async throws {
        struct Rude: Greeter { func greet() -> String { "What" } }
        let journal = journal
        let client = try TestHost(controllers: ServiceController.self) { builder in
            builder.services.add(journal)
            builder.services.add(Polite(), as: (any Greeter).self)
            builder.services.add(Rude(), as: (any Greeter).self)
            builder.services.scoped { _ in Connection(journal) }
            builder.services.scoped { Transaction(try $0.resolve(Connection.self)) }
        }.client()
        #expect(try await client.get("/services/greet").text == "What")
    }

    @Test func `a missing service ends the start-up and names controller, property and type`() throws {
        let error = try #require(startupError(NeedyController.self) { _ in })
        #expect(error.contains("NeedyController") || error.contains("FrameworkTests/ServiceTests.swift"))
        #expect(error.contains("'unknown'"))
        #expect(error.contains("Unknown"))
        #expect(error.contains("app.services.add"))
    }

    @Test func `a controller cannot hold a scoped service`() throws {
        let journal = journal
        let error = try #require(
            startupError(ScopeHolderController.self) { $0.services.scoped { _ in Connection(journal) } })
        #expect(error.contains("'connection'") && error.contains("scoped"))
    }

    @Test func `a parameter of an unknown type ends the start-up`() throws {
        let error = try #require(startupError(UnknownParameterController.self) { _ in })
        #expect(
            error.contains("'unknown: ") && error.contains("UnknownParameter@")
                && error.contains("FrameworkTests/ServiceTests.swift"))
    }

    @Test func `singletons that need each other end the start-up`() throws {
        let error = try #require(
            startupError(CircularController.self) { builder in
                builder.services.singleton { Counter(number: try $0.resolve(Connection.self).journal.all.count) }
                builder.services.singleton { (services) -> Connection in
                    _ = try services.resolve(Counter.self)
                    return Connection(Journal())
                }
            })
        #expect(error.contains("needs itself"))
    }

    @Test func `scoped services that need each other are an error of the request`() async throws {
        let client = try TestHost(controllers: CircularController.self) { builder in
            builder.isDevelopment = true
            builder.services.scoped { Counter(number: try $0.resolve(Connection.self).journal.all.count) }
            builder.services.scoped { (services) -> Connection in
                _ = try services.resolve(Counter.self)
                return Connection(Journal())
            }
        }.client()
        let response = try await client.get("/circular")
        #expect(response.status == .internalServerError)
        #expect(try response.problem().detail?.contains("needs itself") == true)
    }
}
