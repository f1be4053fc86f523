import HTTPTypes
import MartletCore
import NIOCore

/// Serves `martlet.js`, with which the tabs of a browser share one connection for each stream.
///
/// The page loads it as a script of its own origin, from which the browser makes the worker that has the connection.
/// A content security policy must allow both: `script-src 'self'` does.
///
///     app.mount(ClientScript())
///
///     <script src="/martlet.js"></script>
///     <script>const stream = new SharedEventSource("/chat/stream", { events: ["message"] });</script>
@Controller("/martlet.js", isDiscovered: false)
public struct ClientScript {
    private let script: ByteBuffer
    private let tag: String

    /// Takes the script out of the build, and an entity tag of its bytes.
    public init() {
        script = ByteBuffer(bytes: PackageResources.relay_js + PackageResources.martlet_js)
        tag = "\"\(String(Self.digest(of: script), radix: 36))\""
    }

    /// The script, or 304 for who has it.
    @GET("") func script(_ request: Request) -> Response {
        // Asked about each time, since the address does not change with the script, and answered with 304 most times.
        var response = Response(headers: [.eTag: tag, .cacheControl: "no-cache"])
        if isHeld(request.headers[values: .ifNoneMatch]) {
            response.status = .notModified
            return response
        }
        response.headers[.contentType] = "text/javascript; charset=utf-8"
        response.headers[.xContentTypeOptions] = "nosniff"
        response.body = .buffer(script)
        return response
    }

    /// RFC 9110, section 13.1.2: compared weakly, since a compressed copy has a weak tag.
    private func isHeld(_ lines: [String]) -> Bool {
        let accepted: Set<String> = ["*", tag, "W/\(tag)"]
        for line in lines {
            for item in line.split(separator: ",") {
                let held = item.filter { character in character != " " && character != "\t" }
                if accepted.contains(held) { return true }
            }
        }
        return false
    }

    /// FNV-1a: tells one version from another, and promises no more.
    private static func digest(of bytes: ByteBuffer) -> UInt64 {
        var digest: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes.readableBytesView {
            digest = (digest ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        return digest
    }
}
