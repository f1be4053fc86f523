// Node's own http: node-peer.js PORT
const http = require('node:http');
const zlib = require('node:zlib');
const { once } = require('node:events');
const subscribers = new Set();

function publish(request, response) {
  const count = Number(new URL(request.url, 'http://localhost').searchParams.get('n') ?? 1);
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => { text += chunk; });
  request.on('end', () => {
    const frame = Buffer.from(`event: message\ndata: ${text}\n\n`);
    for (let i = 0; i < count; i++) for (const subscriber of subscribers) subscriber.write(frame);
    response.end('ok');
  });
}

function subscribe(request, response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  response.write(':\n\n');
  subscribers.add(response);
  request.on('close', () => subscribers.delete(response));
}

// As Express's `compression` does it: a compressor for each response, flushed behind each event.
function subscribeCompressed(request, response) {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache', 'Content-Encoding': 'gzip',
  });
  const gzip = zlib.createGzip();
  gzip.pipe(response);
  const subscriber = {
    write(frame) {
      gzip.write(frame);
      gzip.flush(zlib.constants.Z_SYNC_FLUSH);
    },
  };
  subscriber.write(':\n\n');
  subscribers.add(subscriber);
  request.on('close', () => {
    subscribers.delete(subscriber);
    gzip.destroy();
  });
}

// One producer, one reader: waits where `write` asks it to.
async function produce(request, response) {
  const count = Number(new URL(request.url, 'http://localhost').searchParams.get('n'));
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  if (request.url.startsWith('/produce/write') || request.url.startsWith('/produce/send')) {
    for (let i = 0; i < count; i++) {
      if (!response.write(`event: message\ndata: token ${i}\n\n`)) await once(response, 'drain');
    }
  } else {
    for await (const token of tokens(count)) {
      if (!response.write(`event: message\ndata: ${token}\n\n`)) await once(response, 'drain');
    }
  }
  response.end();
}

async function* tokens(count) {
  for (let i = 0; i < count; i++) yield `token ${i}`;
}

function answer(request, response) {
  const path = request.url;
  if (path === '/plaintext') {
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    response.end('Hello, World!');
  } else if (path === '/json') {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ message: 'Hello, World!' }));
  } else if (path.startsWith('/user/')) {
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    response.end(String(Number.parseInt(path.slice(6), 10)));
  } else if (path === '/events') {
    subscribe(request, response);
  } else if (path === '/compressed') {
    subscribeCompressed(request, response);
  } else if (path.startsWith('/produce/')) {
    produce(request, response);
  } else if (path.startsWith('/pub')) {
    publish(request, response);
  } else {
    response.writeHead(404).end();
  }
}

http.createServer(answer).listen(Number(process.argv[2]), '127.0.0.1', 4096);
