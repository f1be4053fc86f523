#if os(Linux)
import NIOCore
import Testing

@testable import MartletServer

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Peers of event streams that are silent, and those that only do not read.
@Suite(.timeLimit(.minutes(2))) struct PeerWatchTests {
    /// What the kernel tells second by second, and for how long the peer counts as silent.
    @Test func `silent is who owes an answer at every look and sends none in between`() {
        func info(
            probes: UInt8 = 0, unacked: UInt32 = 0, retransmits: UInt8 = 0, sent: UInt32 = 0, answered: UInt32
        ) -> tcp_info {
            var info = tcp_info()
            info.tcpi_probes = probes
            info.tcpi_unacked = unacked
            info.tcpi_retransmits = retransmits
            info.tcpi_last_data_sent = sent
            info.tcpi_last_ack_recv = answered
            return info
        }
        let table: [(String, [tcp_info], Int)] = [
            ("nothing is sent again", [info(unacked: 1, answered: 9000), info(unacked: 1, answered: 10000)], 0),
            ("all was answered", [info(retransmits: 1, answered: 9000)], 0),
            ("a heartbeat is sent again", [info(unacked: 1, retransmits: 1, sent: 100, answered: 14000)], 1),
            (
                "and again",
                [
                    info(unacked: 1, retransmits: 2, sent: 100, answered: 14000),
                    info(unacked: 1, retransmits: 3, sent: 200, answered: 15000),
                    info(unacked: 1, retransmits: 3, sent: 1200, answered: 16000),
                ], 3
            ),
            (
                "a packet is lost now and then",
                [
                    info(unacked: 9, retransmits: 1, sent: 10, answered: 300),
                    info(unacked: 9, retransmits: 1, sent: 20, answered: 400),
                    info(unacked: 9, retransmits: 1, sent: 10, answered: 200),
                ], 1
            ),
            (
                "it came back",
                [info(probes: 3, answered: 4000), info(probes: 3, answered: 5000), info(answered: 100)], 0
            ),
            ("one probe was lost", [info(probes: 1, answered: 60000), info(probes: 1, answered: 61000)], 0),
            ("two were", [info(probes: 2, answered: 60000), info(probes: 2, answered: 61000)], 2),
            ("a probe was answered a minute ago", [info(answered: 60000), info(answered: 61000)], 0),
            (
                "what it has no room for is sent again and acknowledged, though not taken",
                [
                    info(unacked: 1, retransmits: 9, sent: 60001, answered: 60000),
                    info(unacked: 1, retransmits: 9, sent: 61001, answered: 61000),
                ], 0
            ),
        ]
        for (name, infos, seconds) in table {
            var watch = PeerWatch()
            for info in infos { watch.note(info) }
            #expect(watch.secondsSilent == seconds, "\(name)")
        }
    }

    /// A server that is quick to notice, and a reader whose buffers are soon full.
    private func withReader(sendBufferBytes: Int? = 16 * 1024, _ test: (RunningServer, RawSocket) async throws -> Void)
        async throws
    {
        try await withServer(
            limits: {
                $0.heartbeat = .milliseconds(1500)
                $0.maxStreamBacklogBytes = 50_000
            }, sendBufferBytes: sendBufferBytes
        ) { server in
            let reader = try server.connect(receiveBuffer: 16 * 1024)
            try await reader.send("GET /probe/feed HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await reader.until(":\n")
            try await test(server, reader)
        }
    }

    /// More than the buffers hold, and the backlog.
    private func overfill(_ server: RunningServer) async throws {
        for number in 0..<100 { try await publish("\(number)-" + String(repeating: "x", count: 5000), server) }
    }

    private func publish(_ message: String, _ server: RunningServer) async throws {
        let sender = try server.connect()
        let body = "message=" + message
        try await sender.send(
            "POST /probe/publish HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n"
                + "Content-Type: application/x-www-form-urlencoded\r\n\r\n" + body)
        #expect(try await sender.response().status == 204)
        sender.close()
    }

    /// This one waits: when a connection is to end for its closed window the kernel decides, by its own clock. It took a
    /// second, two thirds of the heartbeat, and did so between the second and the third.
    @Test func `a reader who stalls stays, and is told of the gap when it reads on`() async throws {
        try await withReader { server, reader in
            let begun = ContinuousClock.now
            try await overfill(server)
            while ContinuousClock.now - begun < .milliseconds(3500) {
                try await server.server.checkTime(.now())
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(try await server.clientCount() == 1)
            let rest = try await reader.until("data: 99-")
            #expect(rest.contains("event: martlet.gap\n"))
            #expect(!rest.contains("data: 50-"))
            reader.close()
            await server.probe.streamClosed.wait()
        }
    }

    enum Traffic: CaseIterable {
        /// The window is closed.
        case tooMuch
        /// Nothing is published: the heartbeat finds it out.
        case none
        /// So much that no heartbeat is due.
        case steady
    }

    /// Waits, too, for one second: so long a time without an answer is what it is about.
    @Test(arguments: Traffic.allCases) func `a reader who vanishes is gone`(traffic: Traffic) async throws {
        // What is published must not fill the buffer: that would be noticed, too.
        try await withReader(sendBufferBytes: traffic == .steady ? nil : 16 * 1024) { server, reader in
            if traffic == .tooMuch {
                try await overfill(server)
            } else {
                // From the second event on they go past the output.
                try await publish("first", server)
                _ = try await reader.until("data: first\n")
                // Once it has acknowledged everything, only what comes next is looked after.
                while try await server.server.bytesUnderWay().values.contains(where: { $0 > 0 }) { await Task.yield() }
                try await server.server.checkTime(.now())
            }
            do {
                try reader.vanish()
            } catch {
                try Test.cancel("A socket cannot be made deaf here: \(error)")
            }
            let publisher = Task {
                while traffic == .steady, !Task.isCancelled {
                    try await publish("steady", server)
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            await server.probe.streamClosed.wait()
            publisher.cancel()
            #expect(try await server.clientCount() == 0)
        }
    }
}
#endif
