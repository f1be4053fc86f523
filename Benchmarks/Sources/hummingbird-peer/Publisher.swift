import Hummingbird
import ServiceLifecycle

/// Hands what is published to every subscriber's stream: the shape of Hummingbird's own example for events.
actor Publisher<Value: Sendable>: Service {
    private enum Command {
        case add(Int, AsyncStream<Value>.Continuation)
        case remove(Int)
    }

    private nonisolated let commands: AsyncStream<Command>
    private nonisolated let sender: AsyncStream<Command>.Continuation
    private nonisolated let ids = SubscriberIDs()
    private var subscribers: [Int: AsyncStream<Value>.Continuation] = [:]

    init() { (commands, sender) = AsyncStream.makeStream() }

    func publish(_ value: Value) { for subscriber in subscribers.values { subscriber.yield(value) } }

    nonisolated func subscribe() -> (Int, AsyncStream<Value>) {
        let id = ids.next()
        let (values, continuation) = AsyncStream<Value>.makeStream()
        sender.yield(.add(id, continuation))
        return (id, values)
    }

    nonisolated func unsubscribe(_ id: Int) { sender.yield(.remove(id)) }

    func run() async {
        await withGracefulShutdownHandler {
            for await command in commands {
                switch command {
                case .add(let id, let continuation): subscribers[id] = continuation
                case .remove(let id): subscribers.removeValue(forKey: id)?.finish()
                }
            }
        } onGracefulShutdown: {
            self.sender.finish()
        }
    }
}
