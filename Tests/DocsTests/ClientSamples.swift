import Foundation
import HTTPTypes
import Martlet
import MartletClient
import NIOCore

// The samples of Docs/client.md, compiled. Each function holds what stands in a function of the reader's.

private func followEvents() async throws {
    let source = EventSource("http://localhost:8080/events")
    for try await event in source.events {
        print(event.event, event.data, event.lastEventID)
    }
}

private func useCallbacks() {
    let source = EventSource("http://localhost:8080/chat/stream")
    source.onOpen { print("connected") }
    source.onMessage { event in
        switch event.event {
        case "system": print("* \(event.data)")
        case "message": print(event.data)
        default: break
        }
    }
    source.onError { print("lost: \($0)") }
    source.onClose { print("closed") }
    source.connect()
}

private struct TypedSamples {
    struct ChatLine: Decodable, Sendable {
        let user: String
        let msg: String
    }

    func printChat(_ source: EventSource) async throws {
        for try await line in source.events(as: ChatLine.self, named: "message") {
            print("\(line.user): \(line.msg)")
        }
    }

    func printRoom(_ source: EventSource) async throws {
        for try await event in source.events(as: ChatEvent.self, undecodable: .skip) {
            switch event {
            case .joined(let user): print("* \(user)")
            case .said(let user, let text): print("\(user): \(text)")
            }
        }
    }
}

private func configure(
    savedID: String, freshToken: @escaping @Sendable () async throws -> String
) async throws -> EventSource {
    var configuration = EventSource.Configuration(headers: {
        [.authorization: "Bearer \(try await freshToken())"]
    })
    configuration.retriedStatuses = EventSource.Configuration.transientStatuses
    configuration.maximumAttempts = 20
    configuration.lastEventID = savedID
    let source = EventSource("https://example.com/feed", configuration: configuration)
    return source
}

private func resume(_ source: EventSource, loadEverythingAgain: () async throws -> Void) async throws {
    for try await event in source.events {
        if let verdict = event.resumeVerdict {
            if verdict.outcome != .resumed { try await loadEverythingAgain() }
            continue
        }
        if event.gap != nil {
            try await loadEverythingAgain()
            continue
        }
        print(event.data)
    }
}

private func hearOfHoles(_ source: EventSource, reload: @escaping @Sendable () -> Void) {
    source.onResume { if $0.outcome != .resumed { reload() } }
    source.onGap { _ in reload() }
}

private func chat() async throws -> EventSource {
    let web = WebClient("http://localhost:8080")
    try await web.post("/account/login", form: ["user_id": "1", "username": "Alice"])
    let reply = try await web.post("/chat/send", form: ["message": "hi"])
    print(reply.status, reply.text)

    let source = web.eventSource("/chat/stream")
    return source
}

private func upload(_ photo: ByteBuffer, _ web: WebClient) async throws {
    var upload = MultipartBody()
    upload.add("title", "Sunrise")
    upload.add("photo", file: photo, named: "sunrise.jpg", type: "image/jpeg")
    try await web.post("/photos", multipart: upload)
}

private func errorsAsValues(_ web: WebClient) async {
    switch await web.send(WebRequest(.put, "/items/1", body: .json(["name": "x"]))) {
    case .success(let reply) where reply.isSuccess: print("saved")
    case .success(let reply): print("refused: \(reply.status)")
    case .failure(.timedOut): print("no answer")
    case .failure(let error): print("failed: \(error)")
    }
}

private struct ScriptSample: App {
    func configure(_ app: inout AppBuilder) throws {
        app.mount(ClientScript())
    }
}
