import Dispatch

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// SIGINT and SIGTERM as something to wait for. Who sends a second does not want to wait: it ends the process at once, as it
/// does by default.
// The sources are only kept alive. They stay until the end: one that is cancelled may swallow a signal on its way out.
final class ShutdownSignals: @unchecked Sendable {
    private let arrivals: AsyncStream<Void>
    private let sources: [any DispatchSourceSignal]

    init() {
        let (arrivals, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.arrivals = arrivals
        // One queue, so that of two signals one is the second.
        let queue = DispatchQueue(label: "martlet.signals")
        let heard = Heard()
        sources = [SIGINT, SIGTERM].map { number in
            // The source only hears what does not end the process first.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                heard.count += Int(source.data)
                if heard.count > 1 { Self.end(by: number) }
                continuation.yield()
            }
            source.resume()
            return source
        }
    }

    /// Waits for the first of them.
    func first() async { for await _ in arrivals { break } }

    // Confined to the queue of the sources.
    private final class Heard: @unchecked Sendable { var count = 0 }

    /// Ends the process as the signal does that nobody handles.
    private static func end(by number: Int32) {
        signal(number, SIG_DFL)
        // For signals to come to a source, they are blocked everywhere else.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, number)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        raise(number)
    }
}
