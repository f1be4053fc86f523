import Martlet
import MartletTesting
import Testing

@Suite struct LoungeTests {
    @Test(arguments: Transport.allCases)
    func whatOneSaysTheOtherHears(_ transport: Transport) async throws {
        let host = try TestHost(
            controllers: LoungeController.self, middleware: Sessions(.memory), over: transport)
        let alice = try await host.client(user: "Alice")
        let bob = try await host.client(user: "Bob")

        let stream = try await host.stream(LoungeController.links.stream(), as: bob)
        try await stream.expect("system", data: "Hello, Bob")

        try await alice.post(LoungeController.links.say(), form: ["message": "hi"])
            .expect(.ok, json: #"{"code":0,"msg":"said","data":null}"#)
        try await stream.expect("message", data: #"{"user":"Alice","text":"hi"}"#)
        try await stream.none()

        await stream.disconnect()
        #expect(host.application.sse.clientCount == 0)
    }

    @Test func strangersAreTurnedAway() async throws {
        let host = try TestHost(controllers: LoungeController.self, middleware: Sessions(.memory))
        try await host.client().get(LoungeController.links.stream()).expectProblem(
            .unauthorized, detail: "Sign in first.")
        try await host.call("Lounge@say", ["message": "hi"]).expectProblem(.unauthorized)
        try await host.client(user: "Alice").post(LoungeController.links.say())
            .expectProblem(.badRequest, errors: ["message": "is required"])
    }
}
