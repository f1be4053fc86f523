import Martlet
import MartletTesting
import Testing

/// Requests by the name of an action.
@Suite struct ActionCallTests {
    let host: TestHost
    init() throws { host = try .workshop() }

    struct Call: Sendable, CustomTestStringConvertible {
        let action: String
        let arguments: KeyValuePairs<String, any Encodable & Sendable>
        let answer: String
        var testDescription: String { "\(action) \(arguments)" }
    }

    static let calls: [Call] = [
        Call(action: "greet", arguments: ["name": "Ada & Bob"], answer: "Good day, Ada & Bob."),
        Call(
            action: "room", arguments: ["room": "a/b", "floor": 2, "tags": ["x", "y"], "page": 3],
            answer: #"{"floor":"2","page":"3","room":"a/b","tags":"x+y"}"#),
        Call(
            action: "room", arguments: ["room": "hall"],
            answer: #"{"floor":"-","page":"1","room":"hall","tags":""}"#),
        Call(action: "file", arguments: ["path": "a/b c/d"], answer: "a/b c/d"),
        Call(
            action: "order", arguments: ["item_name": "saw", "count": 2],
            answer: #"{"count":"2","express":"false","itemName":"saw"}"#),
        Call(
            action: "order", arguments: ["itemName": "saw", "count": 2, "express": true],
            answer: #"{"count":"2","express":"true","itemName":"saw"}"#),
        Call(
            action: "move",
            arguments: ["address": WorkshopController.Address(street: "A 1", city: "Bern"), "notify": true],
            answer: "A 1, Bern, true"),
        Call(
            action: "ship", arguments: ["to": WorkshopController.Address(street: "A 1", city: "Bern"), "weight": 1.5],
            answer: "Bern 1.5"),
        Call(action: "seen", arguments: ["user_agent": "Test/1", "theme": "dark"], answer: "Test/1 dark"),
    ]

    @Test(arguments: calls) func `arguments go where the action takes them from`(_ call: Call) async throws {
        let response = try await host.client().call("Workshop@\(call.action)", call.arguments)
        try response.expect(.ok, text: call.answer)
    }

    static let mistakes: [(String, KeyValuePairs<String, any Encodable & Sendable>, String)] = [
        ("Workshop@gret", [:], "There is no action 'Workshop@gret'. Did you mean 'Workshop@greet'?"),
        ("Bakery@bread", [:], "There is no action 'Bakery@bread'."),
        (
            "Workshop@order", ["item": "saw"],
            "'Workshop@order' has no argument 'item'; it takes 'item_name', 'count', 'express'."
        ),
        (
            "Workshop@order", ["item_name": "saw"],
            "'Workshop@order' needs the argument 'count'. To send a request without it, use its path: /workshop/order"
        ),
        (
            "Workshop@room", [:], "'Workshop@room' needs the argument 'room', which is a part of its path."
        ),
        ("Workshop@saw", ["x": "1"], "'Workshop@saw' has no argument 'x'; it takes no arguments."),
    ]

    @Test(arguments: mistakes) func `what cannot be called is a sentence`(
        _ action: String, _ arguments: KeyValuePairs<String, any Encodable & Sendable>, _ sentence: String
    ) async {
        let text = await errorText { try await host.client().call(action, arguments) }
        #expect(text == sentence)
    }

    @Test func `an action with several verbs takes the one that is asked for`() async throws {
        let client = host.client()
        #expect(try await client.call("Workshop@echo").headers[.cacheControl] == "GET")
        #expect(try await client.call("Workshop@echo", method: .put).headers[.cacheControl] == "PUT")
        let refusal = await errorText { try await client.call("Workshop@greet", ["name": "x"], method: .post) }
        #expect(refusal == "'Workshop@greet' does not answer POST, but GET.")
    }

    @Test func `a host calls for a client, and only for its own`() async throws {
        let ada = try await host.client(user: "ada")
        try await host.call("Workshop@who", as: ada).expect(.ok, text: "ada -")
        try await host.call("Workshop@who").expect(.ok, text: "- -")
        let other = try TestHost.workshop()
        let refusal = await errorText { try await other.call("Workshop@who", as: ada) }
        #expect(refusal == "The client belongs to another host.")
    }

    @Test func `a stream is opened by the name of its action`() async throws {
        let stream = try await host.client().stream(calling: "Workshop@feed")
        try await host.call("Workshop@say", ["text": "hi"])
        try await stream.expect("said", data: "hi")
    }
}
