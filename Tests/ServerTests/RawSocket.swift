import MartletTesting
import NIOPosix

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A plain TCP socket to a server on this machine: a test decides about each byte and how the connection ends.
///
/// The calls block on threads of their own; what takes ten seconds has failed.
// One test uses a socket, one call after the other.
final class RawSocket: @unchecked Sendable {
    private static let threads = {
        let pool = NIOThreadPool(numberOfThreads: 32)
        pool.start()
        return pool
    }()

    private var descriptor: CInt
    /// What was received behind the last response that was read.
    private var received: [UInt8] = []

    /// - Parameter receiveBuffer: the kernel's buffer in bytes; a small one fills soon.
    init(port: Int, receiveBuffer: Int? = nil) throws {
        #if canImport(Glibc)
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        #else
        descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw SocketError("socket", errno) }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        if let receiveBuffer {
            var size = CInt(receiveBuffer)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        }
        var noDelay: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<CInt>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            let code = errno
            close()
            throw SocketError("connect", code)
        }
    }

    deinit { close() }

    /// Ends the connection in both directions, with a FIN where everything that came was read.
    func close() {
        guard descriptor >= 0 else { return }
        #if canImport(Glibc)
        _ = Glibc.close(descriptor)
        #elseif canImport(Musl)
        _ = Musl.close(descriptor)
        #else
        _ = Darwin.close(descriptor)
        #endif
        descriptor = -1
    }

    /// Breaks the connection off with a RST.
    func reset() {
        var immediately = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &immediately, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    #if os(Linux)
    /// Hears nothing any more and so answers nothing, as a peer whose cable is pulled: the kernel drops every packet to it.
    func vanish() throws {
        // One instruction of a packet filter, BPF_RET: keep 0 bytes (linux/filter.h).
        var dropAll: UInt64 = 6
        let result = withUnsafePointer(to: &dropAll) { filter in
            var program = (count: UInt16(1), filter: filter)
            return setsockopt(
                descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program,
                socklen_t(MemoryLayout.size(ofValue: program)))
        }
        if result != 0 { throw SocketError("SO_ATTACH_FILTER", errno) }
    }
    #endif

    /// Sends no more, but still receives.
    func finishSending() { shutdown(descriptor, CInt(SHUT_WR)) }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async throws {
        try await Self.threads.runIfActive { [self] in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write($0) }
                guard count > 0 else { throw SocketError("send", errno) }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Sends what the kernel takes at once.
    ///
    /// - Returns: how many bytes that were.
    func sendWithoutWaiting(_ bytes: [UInt8]) -> Int {
        max(0, bytes.withUnsafeBytes { write($0, flags: CInt(MSG_DONTWAIT)) })
    }

    private func write(_ bytes: UnsafeRawBufferPointer, flags: CInt = 0) -> Int {
        #if canImport(Darwin)
        return Darwin.send(descriptor, bytes.baseAddress, bytes.count, flags)
        #elseif canImport(Musl)
        return Musl.send(descriptor, bytes.baseAddress, bytes.count, flags | CInt(MSG_NOSIGNAL))
        #else
        return Glibc.send(descriptor, bytes.baseAddress, bytes.count, flags | CInt(MSG_NOSIGNAL))
        #endif
    }

    /// The next bytes; nil when the peer has closed or reset the connection.
    func receive() async throws -> [UInt8]? { try await Self.threads.runIfActive { [self] in try receiveNow() } }

    private func receiveNow() throws -> [UInt8]? {
        if !received.isEmpty {
            defer { received = [] }
            return received
        }
        var bytes = [UInt8](repeating: 0, count: 16384)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        if count == 0 || (count < 0 && errno == ECONNRESET) { return nil }
        guard count > 0 else { throw SocketError("recv", errno) }
        return Array(bytes[..<count])
    }

    /// Everything up to the end of the connection.
    func untilClosed() async throws -> String {
        try await Self.threads.runIfActive { [self] in
            var all: [UInt8] = []
            while let bytes = try receiveNow() { all += bytes }
            return String(decoding: all, as: UTF8.self)
        }
    }

    /// Receives until the text has come, and keeps what is behind it.
    func until(_ text: String) async throws -> String {
        let end = Array(text.utf8)
        return try await Self.threads.runIfActive { [self] in
            var all: [UInt8] = []
            while true {
                guard let bytes = try receiveNow() else {
                    throw UnexpectedBytes("closed before \(text)", after: all)
                }
                let start = max(0, all.count - end.count + 1)
                all += bytes
                if let found = all[start...].firstRange(of: end) {
                    received = Array(all[found.upperBound...])
                    return String(decoding: all[..<found.upperBound], as: UTF8.self)
                }
            }
        }
    }

    /// Receives so many bytes, whatever they are.
    func receive(count: Int) async throws {
        try await Self.threads.runIfActive { [self] in
            var left = count
            while left > 0 {
                guard let bytes = try receiveNow() else {
                    throw UnexpectedBytes("closed \(left) bytes early", after: [])
                }
                left -= bytes.count
            }
        }
    }

    /// The next response, and nothing behind it.
    func response(toHead isHead: Bool = false) async throws -> RawResponse {
        try await Self.threads.runIfActive { [self] in
            var reader = ResponseReader(isHead: isHead)
            while true {
                let bytes = try receiveNow()
                if let response = try reader.feed(bytes) {
                    received = reader.rest
                    return response
                }
            }
        }
    }
}

struct SocketError: Error, CustomStringConvertible {
    let call: String
    let code: CInt
    init(_ call: String, _ code: CInt) {
        self.call = call
        self.code = code
    }
    var description: String { "\(call): \(String(cString: strerror(code)))" }
}
