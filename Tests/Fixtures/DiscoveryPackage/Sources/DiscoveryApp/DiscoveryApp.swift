import Martlet

/// Neither imports the libraries nor names a controller.
@main
struct DiscoveryApp: App {
    func configure(_ app: inout AppBuilder) {}
}
