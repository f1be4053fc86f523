import Martlet

/// Streams that end, each in its own way, and a request to follow them: for pools and proxies that keep connections.
@Controller("endings")
struct EndingController {
    /// Its body is over.
    @GET func body(_ ctx: Context) -> EventStream { ctx.sse.stream { try $0.send(data: "over") } }

    /// Its sequence is over.
    @GET func sequence() -> AsyncStream<String> {
        AsyncStream { texts in
            texts.yield("over")
            texts.finish()
        }
    }

    /// Its body throws.
    @GET func error(_ ctx: Context) -> EventStream { ctx.sse.stream { _ in throw HTTPError(.conflict) } }

    /// Its task is done.
    @GET func progress(_ ctx: Context) -> EventStream { ctx.sse.progress { try $0.report(50) } }

    /// It is closed.
    @GET func close(_ ctx: Context) -> EventStream {
        ctx.sse.open { client in
            try client.send(data: "over")
            client.close()
        }
    }

    /// What comes next on the connection. A proxy may not send it twice.
    @POST func next(message: String) -> String { message }
}
