import HTTPTypes
import MartletCore
import NIOCore

/// The way of a host's requests to the application and back.
protocol TestWire: Sendable {
    /// Sends a request.
    ///
    /// - Parameter wantsStream: true where an event stream is to be opened and read; else one is only recognised.
    func send(_ request: TestRequest, wantsStream: Bool) async throws -> TestAnswer
    /// Counts what arrives where no job of an executor shows it.
    var movementCount: Int { get }
    /// True while something is on the way to a client that reads.
    var isSending: Bool { get async }
    func close()
}

/// A request as a client of a host sends it.
struct TestRequest: Sendable, CustomStringConvertible {
    var method: HTTPRequest.Method
    var target: String
    var headers: HTTPFields
    var content = ByteBuffer()

    var description: String { "\(method) \(target)" }
}

/// What comes back.
enum TestAnswer: Sendable {
    case response(TestResponse)
    case stream(IncomingEvents, any StreamLink, HTTPFields, LogBook)
    /// An event stream that nobody asked for, and that is not open.
    case unwantedStream
}

/// The client's end of an open stream.
protocol StreamLink: Sendable {
    func disconnect() async
    /// No longer reads.
    func stall() async
    /// Reads again.
    func resume() async
}
