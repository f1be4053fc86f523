"""What the report holds: each row's meaning, and the target it is to meet."""

from dataclasses import dataclass, field


@dataclass
class Row:
    title: str
    unit: str
    #: By peer: the least (or, for a cost, the most) that Martlet's figure may be as a multiple of the peer's.
    least: dict = field(default_factory=dict)
    most: dict = field(default_factory=dict)
    #: The bound of Martlet's own figure.
    at_least: float | None = None
    at_most: float | None = None


ROWS = {
    "plaintext": Row("GET /plaintext", "req/s", least={"hummingbird": 2.2, "nio": 1.0}),
    "json": Row("GET /json", "req/s", least={"hummingbird": 2.0}),
    "user": Row("GET /user/{id}, typed", "req/s", least={"hummingbird": 2.0}),
    "browser": Row("the same with the fields that a browser sends", "req/s", least={"hummingbird": 2.0}),
    "plaintext_processor": Row("processor time a request, /plaintext", "µs"),
    "json_processor": Row("processor time a request, /json", "µs"),
    "user_processor": Row("processor time a request, /user/{id}", "µs"),
    "browser_processor": Row("processor time a request with a browser's fields", "µs"),
    "latency_p99": Row("p99 latency at full load", "ms", most={"hummingbird": 1.0}),
    "allocations": Row("allocations a request, /plaintext", "", most={"hummingbird": 1.0}),
    "middleware": Row("/user/{id} behind session, request id, compression", "req/s", least={"plain": 0.90, "hummingbird": 2.5}),
    "shelf": Row(
        "/user/{id} of a user who is signed in, behind CORS, security headers, request id, session, authentication, CSRF check",
        "req/s", least={"plain": 0.80}),
    "sse_paced": Row(
        "paced broadcast, 64 bytes", "events/s", least={"nchan": 1.2, "hummingbird": 3, "c": 0.85}),
    "sse_paced_p99": Row("its fan-out, p99", "ms", most={"nchan": 1.0}),
    "stalled_p99": Row("its fan-out, p99, with one client that reads nothing", "ms", most={"alone": 1.1}),
    "sse_burst": Row(
        "1000 events to 200 streams in one publish", "events/s", least={"node": 8, "nchan": 4}),
    "sse_pipelined": Row("the same as 1000 pipelined publishes", "events/s"),
    "produce_send": Row("one producer, one reader: send behind whenWritable", "µs", most={"node": 1.0}),
    "produce_sequence": Row("the same as a sequence (Node: an async generator)", "µs", most={"node": 1.0}),
    "produce_stream": Row("the same as an AsyncStream that is filled beforehand", "µs"),
    "produce_write": Row("the same as a body that is written", "µs", most={"node": 1.0}),
    "topics_publish": Row(
        "publishes to one topic, among 10,000 topics and 1000 patterns", "events/s", least={"alone": 0.9}),
    "topics_resume": Row("1000 streams that come back to a pattern among them", "ms", most={"alone": 1.2}),
    "gzip_paced": Row(
        "paced broadcast with gzip, 1000 bytes", "events/s", least={"node": 5, "c": 5}),
    "gzip_paced_p99": Row("its fan-out, p99", "ms"),
    "gzip_memory": Row("its streams, memory each", "KB", at_most=10),
    "replay_rate": Row("replay of 1000 events to 1000 streams that come back", "events/s"),
    "replay_memory": Row("its most memory beyond that before, for each stream", "KB", at_most=20),
    "idle_memory": Row("10,000 idle streams, memory each", "KB", at_most=6),
    "idle_connect": Row("10,000 streams, time to connect", "s", at_most=3),
    "idle_fan_out": Row("one broadcast to 10,000 streams", "ms", most={"c": 3}),
}

for _count in [10, 100, 1000]:
    for _kind in ["static", "parameter", "miss"]:
        ROWS[f"router_{_count}_{_kind}"] = Row(
            f"router, {_count} routes, {_kind}", "lookups/s", least={"hummingbird": 3} if _count == 1000 else {})
        ROWS[f"router_{_count}_{_kind}_allocations"] = Row(
            "its allocations", "", at_most=0 if _kind == "static" else None)

ROWS |= {
    "lookup_growth": Row("static lookup, 1000 routes against 10", "times", at_most=1.5),
    "event_encoding": Row("encoding events of 100 bytes", "MB/s", at_least=300),
    "event_encoding_allocations": Row("its allocations", "", at_most=0),
    "event_parsing": Row("parsing them", "MB/s", at_least=300),
    "event_parsing_allocations": Row("its allocations", ""),
}

for _name, _title in {
    "action_plain": "in process: a plain action",
    "action_encoded": "in process: an encoded struct",
    "binding_path": "in process: an Int of the path",
    "binding_form": "in process: three fields of a form",
    "binding_json": "in process: three fields of JSON",
    "binding_json_whole": "in process: a struct of JSON",
    "middleware_passing": "one middleware that does nothing",
    "middleware_waiting": "the same, with the async form",
    "middleware_sessions": "the session middleware, no cookie",
    "publish_idle": "a publish that nobody reads, no history",
    "middleware_compression": "the compression middleware, not applied",
    "middleware_cors": "CORS, a page's own origin",
    "middleware_cors_foreign": "CORS, another origin's page",
    "middleware_security_headers": "the security headers",
    "middleware_rate_limit": "a rate limit by address",
    "middleware_authentication": "authentication and CSRF check, nobody signed in",
    "middleware_authentication_user": "the same, with a user's session",
    "middleware_shelf": "CORS, security headers, rate limit, sessions, authentication",
}.items():
    ROWS[_name] = Row(_title, "µs", at_most=1.5 if _name == "publish_idle" else None)
    ROWS[f"{_name}_allocations"] = Row("its allocations", "")

FAN_OUT_STREAMS = [100, 1000, 5000, 15000]
for _count in FAN_OUT_STREAMS:
    ROWS[f"fan_out_{_count}"] = Row(f"fan-out to {_count} streams", "ms")
ROWS |= {
    "fan_out_growth": Row("a stream's share of it, most streams against 1000", "times", most={"c": 1.25}),
    "churn_growth": Row("memory after connects and disconnects", "KB per 1000", at_most=2),
    "churn_rate": Row("connects and disconnects", "a second"),
}
