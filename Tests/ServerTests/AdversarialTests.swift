import Testing

/// Random, broken and cut off requests against a live server.
@Suite(.timeLimit(.minutes(3))) struct AdversarialTests {
    /// Every run has another seed; a failure prints it, and it makes the same requests again.
    @Test(arguments: (0..<4).map { _ in UInt64.random(in: .min ... .max) })
    func `no bytes bring the server down or make it hang`(_ seed: UInt64) async throws {
        print("adversarial requests from seed \(seed)")
        var random = SeededRandom(state: seed)
        try await withServer { server in
            for round in 0..<150 {
                let bytes = AdversarialRequest.make(&random)
                let socket = try server.connect()
                var isCutOff = false
                do {
                    var rest = bytes[...]
                    while !rest.isEmpty {
                        let part = rest.prefix(Int.random(in: 1...max(1, bytes.count), using: &random))
                        try await socket.send(Array(part))
                        rest = rest.dropFirst(part.count)
                    }
                } catch is SocketError {
                    // The server has refused it and closed before all was sent.
                    isCutOff = true
                }
                if Bool.random(using: &random), !isCutOff {
                    socket.reset()
                    continue
                }
                socket.finishSending()
                let all = try await socket.untilClosed()
                let statuses = all.matches(of: #/HTTP/1\.1 (\d{3}) /#).map { $0.1 }
                let isFine = statuses.allSatisfy {
                    $0.hasPrefix("4") || $0.hasPrefix("2") || ["100", "308", "501", "505"].contains($0)
                }
                #expect(isFine && (all.isEmpty || all.hasPrefix("HTTP/1.1 ")), "seed \(seed), round \(round): \(all)")
                if round.isMultiple(of: 10) { try await server.expectGoodAnswer() }
            }
            try await server.expectGoodAnswer()
            #expect(try await server.clientCount() == 0)
        }
    }
}

/// A generator that gives the same numbers for the same seed (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

enum AdversarialRequest {
    private static let multipart =
        "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
        + "--x\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n2\r\n--x--\r\n"

    private static let good = [
        "GET /probe/text HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nCookie: a=b\r\n\r\n",
        "POST /probe/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world",
        "POST /probe/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n",
        "POST /probe/sum HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"a\":1,\"b\":2}",
        "POST /probe/sum HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            + "Content-Length: 7\r\n\r\na=1&b=2",
        "POST /probe/sum HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            + "Content-Length: \(multipart.utf8.count)\r\n\r\n" + multipart,
        "POST /probe/small HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
        "HEAD /probe/rooms/a%20b?c=d&e HTTP/1.1\r\nHost: [::1]:80\r\nConnection: keep-alive\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/probe/text HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "GET /probe/chunks?n=5 HTTP/1.1\r\nHost: a\r\n\r\n",
    ].map { Array($0.utf8) }

    /// Those that are answered at once, leave the connection open, and are not told to go on in between.
    static let pipelinable = good.filter { request in
        !["Expect:", "/probe/chunks"].contains { String(decoding: request, as: UTF8.self).contains($0) }
    }

    static func isHead(_ request: [UInt8]) -> Bool { request.starts(with: "HEAD ".utf8) }

    private static let spices = [
        "\r\n", "\n", "\r", "\0", " ", "\t", ":", ",", ";", "%", "%0d%0a", "..", "/", "\u{7f}", "ä", "😀", "Host: b\r\n",
        "Content-Length: 5\r\n", "Content-Length: -1\r\n", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n",
        "ffffffffffffffff\r\n", "HTTP/1.1", "HTTP/9.9", "GET ", "99999999999999999999",
    ].map { Array($0.utf8) }

    static func make(_ random: inout SeededRandom) -> [UInt8] {
        if Int.random(in: 0..<10, using: &random) == 0 {
            return (0..<Int.random(in: 1...3000, using: &random)).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
        }
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            bytes += good[Int.random(in: 0..<good.count, using: &random)]
        }
        for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &random)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(contentsOf: spices[Int.random(in: 0..<spices.count, using: &random)], at: index)
            case 3: bytes.removeSubrange(index...)
            case 4:
                let end = Int.random(in: index...bytes.count, using: &random)
                bytes.insert(contentsOf: bytes[index..<end], at: index)
            default: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
        }
        return bytes
    }
}
