import AsyncHTTPClient
import HTTPTypes
import MartletEventStream
import NIOCore
import NIOHTTP1
import Synchronization

/// One attempt: the request, the check of the answer, and its events until the connection is lost.
final class StreamConnection: Sendable {
    enum End: Sendable {
        /// Another attempt may do better. `retryAfter` is the server's wish.
        case lost(EventSourceError, wasOpen: Bool, retryAfter: Duration? = nil)
        /// No other attempt is made.
        case over(EventSourceError?)
    }

    private struct State {
        var reading: Task<End, Never>?
        var reason: EventSourceError?
        /// Something of the stream has arrived, so the next attempt is a first one again.
        var wasOpen = false
    }
    private let driver: StreamDriver
    private let state = Mutex(State())
    private var configuration: EventSource.Configuration { driver.configuration }

    init(_ driver: StreamDriver) { self.driver = driver }

    func run(_ clock: some Clock<Duration>) async -> End {
        let watch = configuration.idleTimeout.map { IdleWatch(clock, timeout: $0) }
        let reading = Task { await read(pause: { watch?.pause() }, listen: { watch?.listen() }) }
        let isGivenUp = state.withLock { state in
            state.reading = reading
            return state.reason != nil
        }
        if isGivenUp { reading.cancel() }
        let watching = Task {
            if let watch, let timeout = configuration.idleTimeout, await watch.waitForSilence() {
                giveUp(.idle(timeout))
            }
        }
        let end = await withTaskCancellationHandler {
            await reading.value
        } onCancel: {
            reading.cancel()
        }
        watching.cancel()
        let (reason, wasOpen) = state.withLock { ($0.reason, $0.wasOpen) }
        return reason.map { .lost($0, wasOpen: wasOpen) } ?? end
    }

    /// Lets go of the connection, which then counts as lost to `reason`.
    func giveUp(_ reason: EventSourceError) {
        let reading = state.withLock { state in
            if state.reason == nil { state.reason = reason }
            return state.reading
        }
        reading?.cancel()
    }

    private func read(pause: () -> Void, listen: () -> Void) async -> End {
        let request: HTTPClientRequest
        do { request = try await makeRequest() } catch { return .lost(.headers(error), wasOpen: false) }
        do {
            // Silence is what the idle watch is for, before the head of the answer as after it.
            let response = try await driver.client.execute(request, deadline: .now() + .hours(24))
            if let end = refusal(of: response) { return end }
            var decoder = try ContentDecoder(response.headers.first(name: "content-encoding") ?? "")
            var parser = EventStreamParser(
                maximumLineBytes: configuration.maximumLineBytes, maximumEventBytes: configuration.maximumEventBytes,
                lastEventID: driver.lastEventID)
            if Task.isCancelled { return .lost(.dropped, wasOpen: false) }
            listen()
            driver.announceOpen()
            for try await bytes in response.body {
                pause()
                state.withLock { $0.wasOpen = true }
                decoder.append(bytes)
                while let piece = try decoder.next() {
                    let events = try parser.feed(piece)
                    await driver.deliver(events, of: parser)
                    if let failure = parser.failure { return .over(.limit(failure)) }
                    if Task.isCancelled { return .lost(.dropped, wasOpen: true) }
                }
                listen()
            }
            return lost(.ended)
        } catch let error as EventSourceError {
            if case .contentEncoding = error { return .over(error) }
            return lost(error)
        } catch let error as EventStreamParserError {
            return .over(.limit(error))
        } catch let error as HTTPClientError where Self.isFinal(error) {
            return .over(.invalidRequest(error))
        } catch {
            return lost(.connection(error))
        }
    }

    private func lost(_ error: EventSourceError) -> End { .lost(error, wasOpen: state.withLock { $0.wasOpen }) }

    private func makeRequest() async throws -> HTTPClientRequest {
        var request = HTTPClientRequest(url: driver.url)
        request.method = HTTPMethod(rawValue: configuration.method.rawValue)
        request.headers.add(name: "Accept", value: "text/event-stream")
        request.headers.add(name: "Cache-Control", value: "no-cache")
        if configuration.acceptsGzip { request.headers.add(name: "Accept-Encoding", value: "gzip") }
        if let body = configuration.body {
            request.body = .bytes(body)
            request.headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        }
        let id = driver.lastEventID
        // An ID may hold control characters, which no header can.
        if !id.isEmpty, id.utf8.allSatisfy({ ($0 >= 0x20 || $0 == 0x09) && $0 != 0x7F }) {
            request.headers.add(name: "Last-Event-ID", value: id)
        }
        let own = try await configuration.headers()
        for field in own { request.headers.remove(name: field.name.rawName) }
        for field in own { request.headers.add(name: field.name.rawName, value: field.value) }
        return request
    }

    /// `nil` where the answer is a stream.
    private func refusal(of response: HTTPClientResponse) -> End? {
        let status = Int(response.status.code)
        if status == 204 { return .over(nil) }
        guard status == 200 else {
            guard configuration.retriedStatuses.contains(status) else { return .over(.status(status)) }
            let seconds = response.headers.first(name: "retry-after").flatMap { Int64($0) }
            return .lost(.status(status), wasOpen: false, retryAfter: seconds.map { .seconds(max($0, 0)) })
        }
        let type = response.headers.first(name: "content-type") ?? ""
        let essence = type.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
        return essence.lowercased() == "text/event-stream" ? nil : .over(.contentType(type))
    }

    /// Errors of the request itself, which no other attempt would mend.
    private static func isFinal(_ error: HTTPClientError) -> Bool {
        // The only handle on errors that carry what they complain of.
        finalErrors.contains(error.shortDescription)
    }

    private static let finalErrors: Set<String> = Set(
        [
            HTTPClientError.invalidURL, .emptyHost, .emptyScheme, .missingSocketPath, .unsupportedScheme(""),
            .invalidHeaderFieldNames([]), .invalidHeaderFieldValues([]),
        ].map(\.shortDescription))
}
