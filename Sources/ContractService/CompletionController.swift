import Martlet

/// Answers as OpenAI's chat completions do, word by word, with pauses for heartbeats and with ids: for clients whose parsers
/// are made for that service.
@Controller("/v1/chat/completions")
struct CompletionController {
    private struct Chunk: Encodable {
        struct Choice: Encodable {
            let index = 0
            let delta: [String: String]
        }
        let id = "chatcmpl-1"
        let object = "chat.completion.chunk"
        let created = 0
        let model = "words"
        let choices: [Choice]
    }

    @POST("/v1/chat/completions") func complete(_ ctx: Context) -> EventStream {
        let clock = ctx.clock
        return ctx.sse.stream { client in
            for (number, word) in ["Never ", "twice ", "the ", "same"].enumerated() {
                try client.send(data: Chunk(choices: [.init(delta: ["content": word])]), id: "word-\(number)")
                try await clock.sleep(for: .milliseconds(2500))
            }
            try client.send(data: "[DONE]")
        }
    }
}
