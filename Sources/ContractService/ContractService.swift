import Martlet

/// Lets a conformance suite for SSE clients drive `EventSource` over HTTP (Docs/client.md).
@main
struct ContractService: App {
    func configure(_ app: inout AppBuilder) throws {
        app.services.add(Streams())
        // So that a test of pauses need not last long.
        app.limits.heartbeat = .seconds(1)
        app.controllers(
            StreamController.self, CompressedController.self, EndingController.self, CompletionController.self,
            OriginController.self, PolicyController.self)
        app.trustedProxies = TrustedProxies(
            ["127.0.0.1"], fields: [.xForwardedFor, .xForwardedProto, .xForwardedHost, .xForwardedPrefix])
    }
}
