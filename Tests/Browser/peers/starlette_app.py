"""Server-sent events as sse-starlette has them: python starlette_app.py PORT"""
import asyncio
import sys

import uvicorn
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

streams, last = set(), 0


async def events(request):
    queue = asyncio.Queue()

    async def read():
        streams.add(queue)
        try:
            yield {"event": "hello", "data": f"after {request.headers.get('last-event-id', 'nothing')}"}
            while True:
                yield await queue.get()
        finally:
            streams.discard(queue)

    return EventSourceResponse(read())


async def publish(request):
    global last
    last += 1
    text = (await request.body()).decode()
    for queue in streams:
        queue.put_nowait({"event": "note", "id": f"starlette-{last}", "data": text})
    return Response(status_code=204)


app = Starlette(routes=[Route("/events", events), Route("/publish", publish, methods=["POST"])])

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
