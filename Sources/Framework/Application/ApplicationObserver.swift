import Logging

/// Looks on while an application works. The test host does, to know what still runs and which log lines belong together.
package protocol ApplicationObserver: Sendable {
    /// A request has come; nothing of it was done yet.
    func observe(_ ctx: Context) -> any ObservedRequest
    /// What the request logs to; nil for the application's own logger.
    func logger(for ctx: Context) -> Logger?
}

/// A request with all that it sets going.
///
/// The tasks that it starts inherit it, so nothing of it runs any more when it is let go.
package protocol ObservedRequest: AnyObject, Sendable {
    func begin(_ phase: RequestPhase)
    func end(_ phase: RequestPhase)
}

/// What a request is doing. It may do several of these at a time.
package enum RequestPhase: Sendable {
    /// Its answer is made or written.
    case answering
    /// The body of its event stream runs.
    case streaming
    /// The thread pool works for it.
    case blocking
    /// It waits until time passes, or until a client reads.
    case waiting
}

package enum CurrentRequest {
    /// The request that the current task works for, where an application is looked at.
    @TaskLocal package static var observed: (any ObservedRequest)?
}

extension Response {
    /// The same response; what its body does counts for the request.
    func observed(by request: any ObservedRequest) -> Response {
        var response = self
        switch body {
        case .events(var stream):
            guard let body = stream.body else { return self }
            stream.body = { client in
                try await request.during(.streaming) { try await body(client) }
            }
            response.body = .events(stream)
        case .stream(let length, let write):
            response.body = .stream(length: length) { writer in
                try await request.during(.answering) { try await write(writer) }
            }
        case .empty, .buffer, .omitted, .deferred:
            break
        }
        return response
    }
}

extension ObservedRequest {
    /// Does something that counts for the request.
    func during<Result>(_ phase: RequestPhase, _ work: () async throws -> Result) async rethrows -> Result {
        begin(phase)
        defer { end(phase) }
        return try await CurrentRequest.$observed.withValue(self, operation: work)
    }
}
