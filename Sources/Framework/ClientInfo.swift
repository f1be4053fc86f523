#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Who sent a request, and over which connection.
public struct ClientInfo: Sendable {
    /// The connection's number, never used twice in one process.
    public let connectionID: UInt64
    /// The peer's IP address as text.
    public let address: String
    /// The peer's TCP port; 0 where it is not known.
    public let port: Int
    /// When the connection's first request was read, by the time of day.
    public let connectedAt: Date

    /// A client as a test wants it; the server makes one for each connection.
    public init(connectionID: UInt64, address: String, port: Int, connectedAt: Date = Date()) {
        self.connectionID = connectionID
        self.address = address
        self.port = port
        self.connectedAt = connectedAt
    }
}
