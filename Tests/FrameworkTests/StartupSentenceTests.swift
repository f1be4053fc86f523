import Martlet
import MartletTesting
import Testing

private struct Sealed: Error { let code = 7 }
private enum Fault: Error { case noKey }
private struct Described: Error, CustomStringConvertible { let description = "the key is missing" }

@Controller("sealed")
private struct SealedController {
    init() throws { throw Sealed() }
}

@Controller("faulty")
private struct FaultyController {
    init() throws { throw Fault.noKey }
}

@Controller("described")
private struct DescribedController {
    init() throws { throw Described() }
}

@Controller("startup-idle")
private struct IdleController {
    func index() {}
    @OPTIONS("own") func own() -> String { "own" }
    @GET("own") func read() {}
    @OPTIONS("free") func free(_ ctx: Context) -> String {
        ctx.response.headers[.allow] = "GET"
        return "free"
    }
    func missing(_ ctx: Context) -> String {
        do {
            _ = try ctx.services.resolve(Unknown.self)
            return "found"
        } catch {
            return "\(type(of: error)): \(error)"
        }
    }
}

/// What an author is told whose code threw while the app started, or who asks for what is not there.
@Suite struct StartupSentenceTests {
    private func sentence(
        _ controller: any Controller.Type = IdleController.self, configure: (inout AppBuilder) -> Void = { _ in }
    ) -> String? {
        do {
            _ = try TestHost(controllers: controller, configure: configure)
            return nil
        } catch {
            return error is StartupError ? "\(error)" : "not a StartupError: \(error)"
        }
    }

    @Test func `a controller whose init throws is named with its place and the error`() throws {
        let place = /\(FrameworkTests\/StartupSentenceTests\.swift:\d+\)/
        for (controller, reason) in [
            (SealedController.self as any Controller.Type, "it threw Sealed(code: 7)"),
            (FaultyController.self, "it threw Fault.noKey"),
            (DescribedController.self, "the key is missing"),
        ] {
            let told = try #require(sentence(controller))
            #expect(told.contains(place))
            #expect(
                told.replacing(place, with: "(…)") == "The controller \(controller) (…) could not be made: \(reason).")
        }
    }

    @Test func `a service that cannot be made is named with the error`() {
        #expect(
            sentence { $0.services.singleton(Counter.self) { _ in throw Fault.noKey } }
                == "The service Counter could not be made: it threw Fault.noKey.")
        #expect(
            sentence { $0.services.singleton(Counter.self) { _ in throw Described() } }
                == "The service Counter could not be made: the key is missing.")
    }

    @Test func `a service that is missing in a request is an error of its own that says what to do`() async throws {
        let text = try await TestHost(controllers: IdleController.self).client().get("/startup-idle/missing").text
        #expect(
            text
                == "ServiceError: Something needs a Unknown, but app.services has none: add it with app.services.add(…)."
        )
    }

    @Test func `an action for OPTIONS keeps the Allow field, unless it writes its own`() async throws {
        let client = try TestHost(controllers: IdleController.self).client()
        let own = try await client.options("/startup-idle/own")
        #expect(own.text == "own")
        #expect(Set((own.headers[.allow] ?? "").split(separator: ", ")) == ["GET", "HEAD", "OPTIONS"])
        #expect(try await client.options("/startup-idle/free").headers[.allow] == "GET")
        #expect(try await client.get("/startup-idle/own").headers[.allow] == nil)
    }
}
