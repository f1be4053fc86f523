import Martlet
import MartletTesting
import Testing

/// Gives the others something to need.
private struct Ground: ImmediateMiddleware {
    func answer(_ ctx: Context, next: Next) -> Answer { next.answer(ctx) }
}

private struct Roof: ImmediateMiddleware, PlacedMiddleware {
    var place: MiddlewarePlace { MiddlewarePlace(needs: [Ground.self]) }
    func answer(_ ctx: Context, next: Next) -> Answer { next.answer(ctx) }
}

private struct Fence: Middleware, PlacedMiddleware {
    var place: MiddlewarePlace { MiddlewarePlace(precedes: [Ground.self, Roof.self]) }
    func respond(to ctx: Context, next: Next) async throws -> Response { try await next(ctx) }
}

/// Cannot work with less than one.
private struct Counted: ImmediateMiddleware, CheckedMiddleware {
    let count: Int
    func check() throws {
        if count < 1 { throw StartupError("Counted(count: \(count)) counts nothing: give it 1 or more.") }
    }
    func answer(_ ctx: Context, next: Next) -> Answer { next.answer(ctx) }
}

@Controller("roofed")
private struct RoofedController {
    @Use(Roof()) @GET func house() -> String { "house" }
}

@Use(Ground(), Roof())
@Controller("built")
private struct BuiltController {
    func index() -> String { "built" }
}

@Use(Roof(), Ground())
@Controller("upside-down")
private struct UpsideDownController {
    func index() -> String { "upside down" }
}

@Use(Fence())
@Controller("fenced")
private struct FencedController {
    func index() -> String { "fenced" }
}

@Use(Counted(count: 0))
@Controller("counted")
private struct CountedController {
    func index() -> String { "counted" }
}

@Controller("plain")
private struct PlainController {
    func index() -> String { "plain" }
}

/// What stands where it cannot work ends the start, with a sentence that says what to write.
@Suite struct MiddlewarePlaceTests {
    private func sentence(_ controller: any Controller.Type, _ middleware: [any Middleware]) -> String? {
        do {
            _ = try TestHost(controllers: controller) { app in for one in middleware { app.use(one) } }
            return nil
        } catch {
            return error is StartupError ? "\(error)" : "not a StartupError: \(error)"
        }
    }

    @Test(
        arguments: [
            ([], nil),
            ([Ground(), Roof()], nil),
            ([Fence(), Ground(), Roof()], nil),
            ([Fence()], nil),
            ([Counted(count: 1)], nil),
            (
                [Roof()],
                "The middleware Roof needs Ground before it: add app.use(Ground(…)) to the app's configure, before Roof."
            ),
            (
                [Roof(), Ground()],
                "The middleware Roof stands before Ground, and needs it before itself: name Ground first."
            ),
            (
                [Ground(), Fence()],
                "The middleware Fence stands after Ground, and has to stand before it: name it in app.use, before Ground."
            ),
            ([Counted(count: 0)], "Counted(count: 0) counts nothing: give it 1 or more."),
        ] as [([any Middleware], String?)])
    func `the app's middleware stands where it can work`(middleware: [any Middleware], expected: String?) {
        #expect(sentence(PlainController.self, middleware) == expected)
    }

    @Test func `all that is wrong is told at once`() {
        let lines = sentence(PlainController.self, [Roof(), Counted(count: 0), Fence()])?.split(separator: "\n")
        #expect(lines?.count == 3)
    }

    @Test func `a route's own middleware finds what it needs in the app's or in its own`() {
        #expect(sentence(RoofedController.self, [Ground()]) == nil)
        #expect(sentence(BuiltController.self, []) == nil)
        #expect(sentence(FencedController.self, []) == nil)
    }

    @Test func `a sentence about a route's own middleware names the route and its place`() throws {
        let missing = try #require(sentence(RoofedController.self, []))
        #expect(missing.hasPrefix("The middleware Roof of Roofed@house (FrameworkTests/MiddlewarePlaceTests.swift:"))
        #expect(missing.hasSuffix("needs Ground before it: add app.use(Ground(…)) to the app's configure."))
        let swapped = try #require(sentence(UpsideDownController.self, []))
        #expect(swapped.contains("of UpsideDown@index"))
        #expect(swapped.hasSuffix("stands before Ground, and needs it before itself: name Ground first."))
        let after = try #require(sentence(FencedController.self, [Ground()]))
        #expect(after.hasSuffix("has to stand before it: name it in app.use, before Ground."))
        #expect(sentence(CountedController.self, []) == "Counted(count: 0) counts nothing: give it 1 or more.")
    }
}
