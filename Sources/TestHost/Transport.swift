#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// How the requests of a test reach the application: by a call, or by a socket.
///
/// A test that takes one as its argument runs twice, and shows that what holds in process holds on the wire:
///
///     @Test(arguments: Transport.allCases) func thePageIsThere(_ transport: Transport) async throws {
///         let host = try TestHost(ExampleApp(), over: transport)
///         try await host.client().get("/").expect(.ok)
///     }
public enum Transport: String, CaseIterable, Sendable {
    /// By a call in the same process, or over a socket of this machine's loopback interface.
    case inProcess, loopback

    /// What a host uses that is told nothing else: in process, unless the environment says `MARTLET_TRANSPORT=loopback`.
    public static let standard: Transport = {
        let name = ProcessInfo.processInfo.environment["MARTLET_TRANSPORT"]
        return name.flatMap(Transport.init) ?? .inProcess
    }()
}
