"use strict";

const $ = id => document.getElementById(id);
const LIMIT = 200;

// ---------- Theme: first, so that the page never paints in the wrong one ----------

const systemDark = matchMedia("(prefers-color-scheme: dark)");
const inks = new Map();

function storedTheme() {
    try { return localStorage.getItem("martlet.theme"); } catch { return null; }
}

function applyTheme(theme = storedTheme() ?? (systemDark.matches ? "dark" : "light")) {
    document.documentElement.dataset.theme = theme;
    inks.clear();
    $("theme-toggle")?.setAttribute("aria-label", `Switch to the ${theme === "dark" ? "light" : "dark"} theme`);
}

function toggleTheme() {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try {
        localStorage.setItem("martlet.theme", next);
    } catch {
        // Storage is blocked: the choice lasts as long as the page.
    }
    applyTheme(next);
}

systemDark.addEventListener("change", () => applyTheme());
addEventListener("storage", () => applyTheme());
applyTheme();

// ---------- Small things ----------

/** Text always goes in as text: nothing that a server or a user says is ever read as HTML. */
function element(tag, { text, ...properties } = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    if (text !== undefined) made.textContent = text;
    made.append(...children);
    return made;
}

function clock() {
    const now = new Date();
    return element("time", { text: now.toLocaleTimeString("en-GB"), dateTime: now.toISOString() });
}

function parsed(json) {
    try { return JSON.parse(json); } catch { return null; }
}

/** Asks (no fields) or posts a form, and always comes back with something to show. */
async function call(path, fields) {
    const post = fields && { method: "POST", body: new URLSearchParams(fields) };
    try {
        const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(8000), ...post });
        const body = parsed(await response.text()) ?? {};
        return {
            ok: response.ok && (body.code ?? 0) === 0,
            status: response.status,
            body,
            text: body.msg || body.detail || body.title || `${response.status} ${response.statusText}`,
        };
    } catch {
        return { ok: false, status: 0, body: {}, text: "The server did not answer" };
    }
}

function say(output, reply) {
    output.dataset.tone = reply.ok ? "good" : "bad";
    output.replaceChildren(reply.text, " ", clock());
}

/** Sends a form where its own `action` says, shows the answer, and empties the field named. */
function submits(form, output, { clear, then = () => {} }) {
    form.addEventListener("submit", async event => {
        event.preventDefault();
        if (form.ariaBusy === "true") return;
        form.ariaBusy = "true";
        const reply = await call(form.getAttribute("action"), new FormData(form));
        form.ariaBusy = "false";
        say(output, reply);
        if (reply.ok && clear) clear.value = "";
        then(reply);
    });
}

/** Adds lines to a scrolling list, keeps the last `LIMIT`, and follows the end unless the reader scrolled up. */
function appendLines(list, lines) {
    const box = list.parentElement;
    const follows = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    list.append(...lines);
    while (list.childElementCount > LIMIT) list.firstElementChild.remove();
    if (follows) box.scrollTop = box.scrollHeight;
}

// ---------- Streams ----------

function showState(stream, state, text = state) {
    for (const badge of document.querySelectorAll(`[data-stream="${stream}"]`)) {
        if (badge.textContent === text) continue;
        badge.dataset.state = state;
        badge.textContent = text;
    }
    document.dispatchEvent(new Event("streamstate"));
}

/**
 * One EventSource, with its states as words: `connecting`, `open`, `reconnecting`, `closed`.
 *
 * Those that every tab shows are shared by the tabs (martlet.js): a browser opens six connections to a host.
 */
class Stream {
    #source = null;
    #state = "closed";

    constructor(url, names, { shared = false, replay = 0, onEvent, onState }) {
        Object.assign(this, { url, names, shared, replay, onEvent, onState });
    }

    open() {
        this.#source?.close();
        const source = this.#source = this.shared
            ? new SharedEventSource(this.url, { events: this.names, replay: this.replay })
            : new EventSource(this.url);
        this.#enter("connecting");
        source.onopen = () => this.#enter("open");
        source.onerror = () => this.#enter(source.readyState === EventSource.CLOSED ? "closed" : "reconnecting");
        for (const name of this.names) {
            source.addEventListener(name, ({ data, lastEventId }) =>
                this.onEvent({ name, data, id: lastEventId, stream: this.url }));
        }
    }

    close() {
        this.#source?.close();
        this.#source = null;
        this.#enter("closed");
    }

    /** Every failed attempt is an error event of its own: only the first is news. */
    #enter(state) {
        if (this.#state === state) return;
        this.#state = state;
        this.onState(state);
    }
}

const badge = name => state => showState(name, state === "reconnecting" ? "connecting" : state, state);

// ---------- Panels ----------

/** Live log: every event of `/events`, and the private ones that arrive with the chat. */
function liveLog(flight) {
    let waiting = [], received = 0, lastPrivate = {};

    function queue(row) {
        if (waiting.push(row) === 1) setTimeout(flush, 40);
        if (waiting.length > LIMIT) waiting.shift();
    }

    function flush() {
        appendLines($("log-rows"), waiting);
        waiting = [];
        $("log-count").textContent = received;
    }

    function mark(text) {
        const row = element("li", { className: "mark" }, clock(), element("span", { className: "note", text }));
        row.dataset.mark = text;
        queue(row);
    }

    function add(event) {
        // A private message reaches each stream of its user; the log shows it once.
        if (event.name === "private") {
            const copy = lastPrivate.data === event.data && lastPrivate.stream !== event.stream;
            if (copy && Date.now() - lastPrivate.at < 1000) return;
            lastPrivate = { data: event.data, stream: event.stream, at: Date.now() };
        }
        received += 1;
        flight.add(event.name);
        const name = element("span", { className: "name", text: event.name });
        const row = element("li", { className: "arrived", title: event.stream }, clock(), name,
            element("span", { className: "data", text: event.data }),
            element("span", { className: "id", text: event.id }));
        row.dataset.row = name.dataset.event = event.name;
        queue(row);
    }

    const names = ["message", "data", "notification", "private", "martlet.resume", "martlet.gap"];
    const events = new Stream("/events", names, {
        shared: true,
        onEvent: add,
        onState(state) {
            badge("events")(state);
            if (state === "open") mark("stream open");
            if (state === "reconnecting") mark("stream ended, the browser connects again");
            if (state === "closed") mark("stream closed");
        },
    });
    $("events-reconnect").addEventListener("click", () => events.open());
    $("events-close").addEventListener("click", () => events.close());
    $("log-clear").addEventListener("click", () => $("log-rows").replaceChildren());
    events.open();
    return {
        add,
        reopen(why) {
            mark(why);
            events.open();
        },
    };
}

/** Monitor: runs until stopped, and rests while nobody looks. */
function monitor(flight) {
    const chart = new Chart($("monitor-chart"), ["cpu", "memory"]);
    const stats = new Stream("/monitor/monitor", ["stats"], {
        shared: true,
        onEvent({ name, data }) {
            const { cpu, memory } = parsed(data) ?? {};
            if (typeof cpu !== "number" || typeof memory !== "number") return;
            chart.add({ cpu, memory });
            flight.add(name);
            $("cpu-value").textContent = `${cpu.toFixed(1)} %`;
            $("memory-value").textContent = `${memory.toFixed(1)} %`;
        },
        onState: badge("monitor"),
    });
    let wanted = true;
    function follow() {
        $("monitor-toggle").textContent = wanted ? "Stop" : "Start";
        if (wanted && !document.hidden) return stats.open();
        stats.close();
        if (wanted) showState("monitor", "closed", "paused");
    }
    $("monitor-toggle").addEventListener("click", () => { wanted = !wanted; follow(); });
    document.addEventListener("visibilitychange", () => { if (wanted) follow(); });
    follow();
}

/** Task: one stream from 0 to 100, closed here at `complete`, since an EventSource would ask for it again. */
function task(flight) {
    let stream = null;

    function show(percent) {
        $("task-percent").textContent = percent;
        $("task-progress").setAttribute("aria-valuenow", percent);
        $("task-fill").style.width = `${percent}%`;
    }

    function finish(text) {
        const ended = stream;
        stream = null;
        ended?.close();
        $("task-run").textContent = "Run task";
        showState("task", text === "done" ? "open" : "closed", text);
    }

    $("task-form").addEventListener("submit", event => {
        event.preventDefault();
        if (stream) return finish("stopped");
        show(0);
        $("task-run").textContent = "Stop";
        const query = new URLSearchParams(new FormData($("task-form")));
        const run = stream = new Stream(`${$("task-form").getAttribute("action")}?${query}`, ["progress", "complete"], {
            onEvent({ name, data }) {
                flight.add(name);
                if (name === "progress") show(parsed(data)?.percent ?? 0);
                else finish(parsed(data)?.status ?? "done");
            },
            onState(state) {
                if (stream !== run) return;
                if (state === "connecting") showState("task", state);
                else if (state === "open") showState("task", state, "running");
                else finish("interrupted");
            },
        });
        run.open();
    });
}

/** Clients: who is connected, asked every three seconds while the page is looked at. */
function clients() {
    const rows = new Map();
    let timer, asking = false;

    function age(since) {
        const seconds = Math.max(0, Math.round((Date.now() - Date.parse(since)) / 1000));
        if (Number.isNaN(seconds)) return "";
        if (seconds < 60) return `${seconds} s`;
        return seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
    }

    function rowFor({ id, user, address, port }) {
        const close = element("button", { type: "button", className: "quiet", text: "Close" });
        close.ariaLabel = `Close stream ${id}`;
        close.addEventListener("click", () => act("/client/close", { id }));
        const row = element("tr", {},
            element("td", {}, `#${id}`, element("span", { className: "from", text: `${address}:${port}` })),
            element("td", { className: user == null ? "nobody" : "", text: user ?? "–" }),
            element("td", { className: "age" }),
            element("td", {}, close));
        row.dataset.client = id;
        row.dataset.user = user ?? "";
        return row;
    }

    async function act(path, fields) {
        const reply = await call(path, fields);
        if (reply.status === 401 || reply.status === 403) reply.text = "Only an admin closes streams: sign in as one";
        say($("client-reply"), reply);
        refresh();
    }

    /** Rows are kept by id, so that a button does not vanish under the pointer. */
    function show(list) {
        const shown = list.slice(-LIMIT);
        for (const [id, row] of rows) {
            if (shown.some(client => client.id === id)) continue;
            row.remove();
            rows.delete(id);
        }
        for (const client of shown) {
            if (!rows.has(client.id)) {
                rows.set(client.id, rowFor(client));
                $("client-rows").append(rows.get(client.id));
            }
            rows.get(client.id).querySelector(".age").textContent = age(client.connected_at);
        }
        $("client-more").hidden = list.length <= LIMIT;
        $("client-more").textContent = `and ${list.length - LIMIT} more`;
        const users = new Set(list.map(client => client.user).filter(user => user != null));
        $("known-users").replaceChildren(...Array.from(users, value => element("option", { value })));
    }

    async function refresh() {
        clearTimeout(timer);
        if (document.hidden) return;
        if (!asking) {
            asking = true;
            const count = await call("/client/count");
            const list = await call("/client");
            asking = false;
            $("client-count").textContent = count.body.data?.count ?? "–";
            if (list.ok && Array.isArray(list.body.data)) show(list.body.data);
        }
        refreshIn(3000);
    }

    function refreshIn(milliseconds) {
        clearTimeout(timer);
        timer = setTimeout(refresh, milliseconds);
    }

    $("client-close-all").addEventListener("click", () => act("/client/close-all", {}));
    document.addEventListener("visibilitychange", refresh);
    document.addEventListener("streamstate", () => refreshIn(300));
    refreshIn(300);
}

document.addEventListener("DOMContentLoaded", () => {
    applyTheme();
    $("theme-toggle").addEventListener("click", toggleTheme);
    $("curl").textContent = `curl -N ${location.origin}/events`;
    $("curl-copy").addEventListener("click", async () => {
        try {
            await navigator.clipboard.writeText($("curl").textContent);
            $("curl-copy").textContent = "Copied";
        } catch {
            getSelection().selectAllChildren($("curl"));
        }
    });
    const flight = new Flight($("flight"), $("martlet").getAttribute("d"));
    submits($("broadcast-form"), $("broadcast-reply"), { clear: $("broadcast-message") });
    submits($("private-form"), $("private-reply"), { clear: $("private-message") });
    const log = liveLog(flight);
    monitor(flight);
    task(flight);
    chat(log);
    clients();
});
