import Martlet
import MartletTesting
import Testing

@Controller("parts")
struct PartController {
    @GET("v{major}.{minor}") func version(major: Int, minor: String) -> String { "\(major) and \(minor)" }
    @GET("{name}.json") func json(name: String) -> String { "json \(name)" }
    @GET("{name}.{format}") func file(name: String, format: String) -> String { "\(format) \(name)" }
    @GET("{name}") func whole(name: String) -> String { "whole \(name)" }
    @PUT("index.json") func put() -> String { "put" }
}

@Controller("names")
struct PartNameController {
    @GET("@{user_name}/{file}.{format}") func file(
        userName: String, file: String, format: String, _ ctx: Context
    ) -> String {
        "\(userName) \(ctx.parameter("file") ?? "-") \(format)"
    }
}

/// Parameters that are parts of a segment, from the request to the action.
@Suite struct SegmentPartTests {
    static let requests: [(String, Int, String)] = [
        ("/parts/v1.2", 200, "1 and 2"), ("/parts/v1.2.3", 200, "1 and 2.3"),
        // The route is chosen by its text; what does not fit the action's types is told.
        ("/parts/vx.2", 400, "must be a whole number"),
        ("/parts/a.json", 200, "json a"), ("/parts/a.b.json", 200, "json a.b"), ("/parts/a%20b.json", 200, "json a b"),
        ("/parts/a.b.txt", 200, "b.txt a"), ("/parts/.json", 200, "whole .json"), ("/parts/a", 200, "whole a"),
        // A fixed segment that lacks the verb leaves it to the parts.
        ("/parts/index.json", 200, "json index"),
        // A whole segment may have an encoded slash, a part may not.
        ("/parts/a%2Fb.json", 200, "whole a/b.json"), ("/parts/a.json/", 308, ""),
        ("/parts/...json", 200, "whole ...json"),
        ("/names/@ada/r.pdf", 200, "ada r pdf"), ("/names/@/r.pdf", 404, ""), ("/names/@ada/r", 404, ""),
        ("/names/@ada/...pdf", 404, ""),
    ]

    @Test(arguments: requests, Transport.allCases)
    func `a part of a segment is a parameter`(
        _ request: (path: String, status: Int, text: String), _ transport: Transport
    ) async throws {
        let host = try TestHost(controllers: PartController.self, PartNameController.self, over: transport)
        let response = try await host.client().get(request.path)
        #expect(response.status.code == request.status)
        if !request.text.isEmpty { #expect(response.text.contains(request.text)) }
    }

    @Test func `calls by action put the arguments into the path`() async throws {
        let client = try TestHost(controllers: PartController.self).client()
        try await client.call("Part@version", ["major": 3, "minor": "0.1"]).expect(.ok, text: "3 and 0.1")
        await #expect(throws: TestHostError.self) { try await client.call("Part@version", ["major": 3]) }
        for name in ["", "a/b"] {
            let error = await #expect(throws: TestHostError.self) { try await client.call("Part@json", ["name": name]) }
            #expect(error?.description.contains("part of a segment") == true)
        }
    }

    @Test(arguments: [
        ("/parts/v{a}.{b}", "Part@version"), ("/parts/{name}{format}", "text must stand between {name} and {format}"),
        ("/parts/v{name?}", "{name?} must be a whole segment"),
    ])
    func `routes of one shape and what is no template end the start-up`(_ path: String, _ sentence: String) throws {
        let error = #expect(throws: StartupError.self) {
            try TestHost(controllers: PartController.self) { $0.route(.get, path, to: "Part@whole") }
        }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "-")")
    }
}
