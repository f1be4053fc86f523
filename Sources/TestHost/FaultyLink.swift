import MartletServer
import NIOCore
import NIOPosix
import Synchronization

/// A proxy on this machine that damages what passes through it: stands between a client under test and its server.
///
///     let link = try await FaultyLink(to: host.address)
///     let source = EventSource("\(link.address)/feed")
///     link.cut(afterBytes: 100)
public final class FaultyLink: Sendable {
    /// Whose bytes a fault concerns.
    public enum Sender: Sendable, CaseIterable {
        /// The client that connects to the link, or the server that it passes everything on to.
        case client, server
    }

    /// Where clients connect.
    public let address: Server.Address
    private let listener: any Channel
    private let state: LinkState

    /// Listens on a free port of this machine.
    ///
    /// - Parameter server: where everything is passed on to.
    public init(to server: Server.Address) async throws {
        let state = LinkState()
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            // Nothing is read before there is somewhere to pass it on to.
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in Self.join(channel, to: server, state) }
            .bind(host: "127.0.0.1", port: 0).get()
        address = Server.Address(host: "127.0.0.1", port: listener.localAddress?.port ?? 0)
        self.state = state
    }

    private static func join(
        _ client: any Channel, to server: Server.Address, _ state: LinkState
    ) -> EventLoopFuture<Void> {
        ClientBootstrap(group: client.eventLoop)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.autoRead, value: false)
            .connect(host: server.host, port: server.port)
            .flatMapThrowing { upstream in
                state.add(client, upstream)
                try client.pipeline.syncOperations.addHandler(LinkEnd(of: .client, to: upstream, state))
                try upstream.pipeline.syncOperations.addHandler(LinkEnd(of: .server, to: client, state))
            }
    }

    deinit {
        listener.close(promise: nil)
        state.cutAll()
    }

    // MARK: - Faults

    /// Cuts a connection once, when it has carried that many more bytes of the sender.
    ///
    /// - Parameter count: of all connections together, from now on.
    public func cut(afterBytes count: Int, from sender: Sender = .server) {
        precondition(count >= 0, "A connection cannot carry \(count) bytes.")
        state.cut(after: count, from: sender)
    }

    /// Cuts all connections now. New ones are taken as before.
    public func cut() { state.cutAll() }

    /// Passes nothing on: what the sender sends piles up, here and then in its own buffers.
    public func stall(_ sender: Sender = .server) { state.stall(sender) }

    /// Passes on what has piled up, and what comes.
    public func resume(_ sender: Sender = .server) { state.resume(sender) }

    /// True to pass every byte on in a write of its own.
    public var splitsEveryByte: Bool {
        get { state.splitsEveryByte }
        set { state.splitsEveryByte = newValue }
    }

    // MARK: - What was seen

    /// How many connections there have been.
    public var connectionCount: Int { state.connectionCount }

    /// How many bytes of a sender were passed on.
    public func passedBytes(from sender: Sender = .server) -> Int { state.passedBytes(from: sender) }

    /// Listens no longer, and cuts what is open.
    public func close() async {
        try? await listener.close().get()
        state.cutAll()
    }
}

/// The faults of a link, and its connections.
private final class LinkState: Sendable {
    private struct Direction {
        var passed = 0
        /// How many bytes may pass before a connection is cut.
        var left: Int?
        var isStalled = false
    }
    private struct State {
        var client = Direction()
        var server = Direction()
        var splitsEveryByte = false
        var connectionCount = 0
        var channels: [ObjectIdentifier: any Channel] = [:]

        subscript(sender: FaultyLink.Sender) -> Direction {
            get { sender == .client ? client : server }
            set { if sender == .client { client = newValue } else { server = newValue } }
        }
    }
    private let state = Mutex(State())

    func add(_ client: any Channel, _ server: any Channel) {
        state.withLock { state in
            state.connectionCount += 1
            for channel in [client, server] { state.channels[ObjectIdentifier(channel)] = channel }
        }
        for channel in [client, server] {
            channel.closeFuture.whenComplete { [weak self] _ in
                self?.state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
            }
        }
    }

    var splitsEveryByte: Bool {
        get { state.withLock { $0.splitsEveryByte } }
        set { state.withLock { $0.splitsEveryByte = newValue } }
    }
    var connectionCount: Int { state.withLock { $0.connectionCount } }

    func passedBytes(from sender: FaultyLink.Sender) -> Int { state.withLock { $0[sender].passed } }

    func isStalled(_ sender: FaultyLink.Sender) -> Bool { state.withLock { $0[sender].isStalled } }

    func cut(after count: Int, from sender: FaultyLink.Sender) {
        if count == 0 { return cutAll() }
        state.withLock { $0[sender].left = count }
    }

    /// How many of that many bytes pass, and whether the connection is cut behind them.
    func admit(_ count: Int, from sender: FaultyLink.Sender) -> (count: Int, isCut: Bool) {
        state.withLock { state in
            guard let left = state[sender].left else {
                state[sender].passed += count
                return (count, false)
            }
            let admitted = min(left, count)
            state[sender].passed += admitted
            state[sender].left = left > count ? left - count : nil
            return (admitted, left <= count)
        }
    }

    func cutAll() {
        for channel in state.withLock({ Array($0.channels.values) }) { channel.close(promise: nil) }
    }

    func stall(_ sender: FaultyLink.Sender) { state.withLock { $0[sender].isStalled = true } }

    func resume(_ sender: FaultyLink.Sender) {
        let channels = state.withLock { state in
            state[sender].isStalled = false
            return Array(state.channels.values)
        }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(LinkEnd.Resumed()) }
    }
}

/// Reads one side of a connection and writes to the other, a read only when the write before it is done.
private final class LinkEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    struct Resumed: Sendable {}

    private let sender: FaultyLink.Sender
    private let other: any Channel
    private let state: LinkState
    /// What was read while the link stood still.
    private var held: [ByteBuffer] = []
    private var hasEnded = false

    init(of sender: FaultyLink.Sender, to other: any Channel, _ state: LinkState) {
        self.sender = sender
        self.other = other
        self.state = state
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { context.read() }
    }

    func channelActive(context: ChannelHandlerContext) {
        context.read()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if state.isStalled(sender) { held.append(bytes) } else { pass(bytes, context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if held.isEmpty { readOn(context) }
    }

    private func readOn(_ context: ChannelHandlerContext) {
        other.writeAndFlush(ByteBuffer()).assumeIsolated().whenComplete { _ in context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is Resumed else { return context.fireUserInboundEventTriggered(event) }
        guard !held.isEmpty else { return }
        let bytes = held
        held = []
        for bytes in bytes { pass(bytes, context) }
        if hasEnded { closeOther() } else { readOn(context) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        hasEnded = true
        if held.isEmpty { closeOther() }
        context.fireChannelInactive()
    }

    /// Behind what was written.
    private func closeOther() {
        other.writeAndFlush(ByteBuffer()).whenComplete { [other] _ in other.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func pass(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        let (count, isCut) = state.admit(bytes.readableBytes, from: sender)
        var bytes = bytes
        guard let passed = bytes.readSlice(length: count) else { return }
        if state.splitsEveryByte {
            for byte in passed.readableBytesView { other.writeAndFlush(ByteBuffer(bytes: [byte]), promise: nil) }
        } else {
            other.writeAndFlush(passed, promise: nil)
        }
        guard isCut else { return }
        other.writeAndFlush(ByteBuffer()).assumeIsolated().whenComplete { [other] _ in
            other.close(promise: nil)
            context.close(promise: nil)
        }
    }
}
