import Foundation
import NIOCore
import NIOHTTP1

struct Message: Codable {
    var message: String
}

/// Answers in http parts: what an application on bare SwiftNIO would do.
final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private var target = ""
    private var keepsAlive = true
    private let encoder = JSONEncoder()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            target = head.uri
            keepsAlive = head.isKeepAlive
        case .body:
            break
        case .end:
            answer(context)
        }
    }

    private func answer(_ context: ChannelHandlerContext) {
        switch target {
        case "/plaintext":
            send("Hello, World!", type: "text/plain; charset=utf-8", .ok, context)
        case "/json":
            let json = (try? encoder.encode(Message(message: "Hello, World!"))) ?? Data()
            send(String(decoding: json, as: UTF8.self), type: "application/json", .ok, context)
        case let path where path.hasPrefix("/user/") && Int(path.dropFirst(6)) != nil:
            send(String(path.dropFirst(6)), type: "text/plain; charset=utf-8", .ok, context)
        default:
            send("not found", type: "text/plain; charset=utf-8", .notFound, context)
        }
    }

    private func send(_ text: String, type: String, _ status: HTTPResponseStatus, _ context: ChannelHandlerContext) {
        let headers: HTTPHeaders = ["content-type": type, "content-length": "\(text.utf8.count)"]
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        context.write(
            wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(string: text)))), promise: nil)
        guard keepsAlive else {
            context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
                context.close(promise: nil)
            }
            return
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
