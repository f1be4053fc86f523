// Server-sent events as Node's own http has them: node node.mjs PORT
import { createServer } from "node:http";

const streams = new Set();
let last = 0;

createServer(async (request, response) => {
    if (request.method === "POST") {
        let body = "";
        for await (const chunk of request) body += chunk;
        last += 1;
        const data = body.split("\n").map(line => `data: ${line}\n`).join("");
        for (const stream of streams) stream.write(`event: note\nid: node-${last}\n${data}\n`);
        return response.writeHead(204).end();
    }
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    response.write(`event: hello\ndata: after ${request.headers["last-event-id"] ?? "nothing"}\n\n`);
    streams.add(response);
    request.on("close", () => streams.delete(response));
}).listen(Number(process.argv[2]), "127.0.0.1");
