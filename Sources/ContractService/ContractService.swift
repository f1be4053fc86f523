import Martlet

/// Lets a conformance suite for SSE clients drive `EventSource` over HTTP (Docs/client.md).
@main
struct ContractService: App {
    func configure(_ app: inout AppBuilder) throws {
        app.services.add(Streams())
        app.controllers(StreamController.self, CompressedController.self)
    }
}
