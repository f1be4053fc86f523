import Martlet

/// The page's 进度推送: a long task that tells how far it is.
@Controller
struct TaskController {
    private struct Progress: Encodable {
        let percent: Int
        let taskId: String
        enum CodingKeys: String, CodingKey { case percent, taskId = "task_id" }
    }

    /// GET and POST /task/run-task
    @GET @POST func runTask(taskId: String, _ ctx: Context) -> EventStream {
        let clock = ctx.clock
        return ctx.sse.stream(takesBroadcasts: false, reconnect: false) { client in
            for percent in stride(from: 0, through: 100, by: 10) {
                try client.send(event: "progress", data: Progress(percent: percent, taskId: taskId))
                try await clock.sleep(for: .milliseconds(500))
            }
            try client.send(event: "complete", data: ["status": "done"])
        }
    }
}
