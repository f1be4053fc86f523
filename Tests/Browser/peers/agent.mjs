// Streams that end, each with a POST behind it, over connections that Node's http.Agent keeps:
// node agent.mjs URL ROUNDS ENDING...
// It prints what failed, and how many requests went over a connection that had served before.
import { Agent, request } from "node:http";

const [url, rounds, ...endings] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
const failures = [];
let reused = 0;

function send(method, path, form) {
    const headers = form ? { "Content-Type": "application/x-www-form-urlencoded", "Content-Length": form.length } : {};
    return new Promise((resolve, reject) => {
        const sent = request(url + path, { method, agent, headers }, response => {
            if (sent.reusedSocket) reused += 1;
            let text = "";
            response.setEncoding("utf8").on("data", part => (text += part));
            response.on("end", () => (response.statusCode === 200 ? resolve(text) : reject(new Error(response.statusCode))));
            response.on("error", reject);
        });
        sent.on("error", reject).end(form);
    });
}

async function round(number) {
    for (const ending of endings) {
        try {
            await send("GET", `/endings/${ending}`);
            const text = await send("POST", "/endings/next", `message=${number}`);
            if (text !== String(number)) throw new Error(`answered with ${text}`);
        } catch (error) {
            failures.push(`${ending}: ${error.message}`);
        }
    }
}

let next = 0;
await Promise.all(
    Array.from({ length: 4 }, async () => {
        while (next < Number(rounds)) await round(next++);
    })
);
console.log(JSON.stringify({ failures, reused }));
process.exit();
