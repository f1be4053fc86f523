import Martlet

/// A stream that goes out with gzip, for decoders of other makes to join.
@Controller("compressed")
struct CompressedController {
    /// Opens it.
    func index(_ ctx: Context) -> EventStream { ctx.sse.open(isCompressed: true) }

    /// Sends a message to all who read, and says how many they are; what is not `compressible` goes as it is, within the
    /// gzip.
    @POST("/compressed") func tell(message: String, compressible: Bool = true, _ ctx: Context) throws -> [String: Int] {
        let event = ServerSentEvent(data: message, isCompressible: compressible)
        return ["clients": try ctx.sse.post(event, to: .everyone).clientCount]
    }

    /// Ends all that are open, each with the trailer of its gzip.
    @DELETE("/compressed") func end(_ ctx: Context) { ctx.sse.closeAll() }
}
