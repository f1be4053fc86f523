import AsyncHTTPClient
import NIOCore

/// One connection pool for all streams and one for all requests, for as long as the process lives.
enum SharedClients {
    static let streams = HTTPClient(configuration: configuration(.follow(max: 20, allowCycles: false)))

    /// Follows no redirect by itself: cookies are kept and sent at every step.
    static let requests = HTTPClient(configuration: configuration(.disallow))

    private static func configuration(
        _ redirects: HTTPClient.Configuration.RedirectConfiguration
    ) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: redirects, timeout: .init(connect: .seconds(10), read: nil))
        // A stream keeps its connection: with the default of 8 the ninth stream would wait for ever.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 65_536
        // Attempts are counted and spaced here, not twice.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }
}
