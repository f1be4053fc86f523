/// Finds out who sent a request, where the peer of the connection only passes on what others send.
package protocol PeerResolver: Sendable {
    /// - Throws: `StartupError` with a sentence where it cannot work as it was made.
    func check() throws
    /// The request and the client as they were before the proxies; nil where the peer is the client.
    func resolve(_ request: Request, from client: ClientInfo) -> (request: Request, client: ClientInfo)?
}
