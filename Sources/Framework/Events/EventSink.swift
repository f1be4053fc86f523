/// Where the events of one client go: a connection, or a test. Used on its event loop only.
package protocol EventSink: AnyObject {
    /// Queues a frame behind those before it.
    func write(_ frame: EventFrame)
    /// Sends what is queued.
    func flush()
    /// False while the peer is so slow that more would only wait in memory.
    var isWritable: Bool { get }
    /// Ends the stream behind what is queued.
    func end()
    /// Ends the stream now, with what is queued.
    func abort()
}
