import MartletTesting
import Testing

/// Where one message ends and the next begins.
@Suite(.timeLimit(.minutes(3))) struct MessageBoundaryTests {
    @Test(arguments: (0..<2).map { _ in UInt64.random(in: .min ... .max) })
    func `requests in a row are answered as they are alone, however they are split`(_ seed: UInt64) async throws {
        print("requests in a row from seed \(seed)")
        var random = SeededRandom(state: seed)
        try await withServer { server in
            var alone: [[String]] = []
            for request in AdversarialRequest.pipelinable {
                let socket = try server.connect()
                try await socket.send(request)
                alone.append(message(try await socket.response(toHead: AdversarialRequest.isHead(request))))
            }
            #expect(Set(alone).count > AdversarialRequest.pipelinable.count / 2, "they can be told apart")
            for round in 0..<60 {
                let chosen = (0..<Int.random(in: 2...12, using: &random)).map { _ in
                    Int.random(in: 0..<alone.count, using: &random)
                }
                let socket = try server.connect()
                var rest = chosen.flatMap { AdversarialRequest.pipelinable[$0] }[...]
                while !rest.isEmpty {
                    let part = rest.prefix(Int.random(in: 1...Int.random(in: 1...400, using: &random), using: &random))
                    try await socket.send(Array(part))
                    rest = rest.dropFirst(part.count)
                }
                for (place, index) in chosen.enumerated() {
                    let isHead = AdversarialRequest.isHead(AdversarialRequest.pipelinable[index])
                    let answer = message(try await socket.response(toHead: isHead))
                    #expect(answer == alone[index], "seed \(seed), round \(round), request \(place) of \(chosen)")
                }
                socket.finishSending()
                #expect(
                    try await socket.untilClosed().isEmpty, "nothing is behind the last: seed \(seed), round \(round)")
            }
        }
    }

    /// Gateways like CGI cannot tell an underscore from a hyphen: what one reader takes for a length another must not.
    @Test(arguments: [false, true]) func `names with an underscore are dropped unless they are asked for`(
        isAskedFor: Bool
    ) async throws {
        try await withServer(limits: { $0.acceptsUnderscoresInFieldNames = isAskedFor }) { server in
            let socket = try server.connect()
            try await socket.send(
                "POST /probe/field-names HTTP/1.1\r\nHost: a\r\nContent_Length: 50\r\nTransfer_Encoding: chunked\r\n"
                    + "X-A: 1\r\nContent-Length: 0\r\n\r\n")
            let names = try await socket.response().text
            #expect(names == (isAskedFor ? "content_length transfer_encoding x-a" : "x-a"))
            try await socket.send("GET /probe/text HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await socket.response().text == "Hello")
        }
    }

    @Test func `where a response ends is the server's to say`() async throws {
        try await withServer { server in
            let socket = try server.connect()
            for _ in 0..<2 {
                try await socket.send("GET /probe/misframed HTTP/1.1\r\nHost: a\r\n\r\n")
                let response = try await socket.response()
                #expect(response.text == "Hello")
                #expect(response["Content-Length"] == "5")
                #expect(response["Transfer-Encoding"] == nil)
                #expect(response["Connection"] == nil)
            }
        }
    }

    /// All of it but the time it was written, and the number of the request.
    private func message(_ response: RawResponse) -> [String] {
        let fields = response.fields.filter { !["date", "x-request-id"].contains($0.name.lowercased()) }
        return ["\(response.status)"] + fields.map { "\($0.name): \($0.value)" } + [response.text]
    }
}
