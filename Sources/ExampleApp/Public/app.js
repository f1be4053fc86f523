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

// ---------- Canvas ----------

/** The colour that the style sheet gives an event's name, for a canvas. */
function ink(name) {
    if (!inks.has(name)) {
        const probe = element("i", { hidden: true });
        probe.dataset.event = name;
        document.body.append(probe);
        inks.set(name, getComputedStyle(probe).color);
        probe.remove();
    }
    return inks.get(name);
}

const withAlpha = (colour, alpha) => colour.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);

/**
 * Draws 30 times a second while the canvas is in view, once a second for those who asked for less motion,
 * and out of view only when its size or the theme has changed.
 */
function keepDrawing(canvas, draw) {
    const lessMotion = matchMedia("(prefers-reduced-motion: reduce)");
    const context = canvas.getContext("2d");
    let inView = true, last = -Infinity, drawn = "";
    new IntersectionObserver(([entry]) => { inView = entry.isIntersecting; }).observe(canvas);
    const frame = now => {
        requestAnimationFrame(frame);
        const ratio = devicePixelRatio || 1, { clientWidth: width, clientHeight: height } = canvas;
        const look = `${width} ${height} ${ratio} ${document.documentElement.dataset.theme}`;
        if (look === drawn && (!inView || now - last < (lessMotion.matches ? 1000 : 33))) return;
        [last, drawn] = [now, look];
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        draw(context, width, height, Date.now());
    };
    requestAnimationFrame(frame);
}

/** The trail behind the bird: every event the page hears of, each a beat of its wings. */
class Flight {
    #pixelsASecond = 30;
    #events = [];
    #bird;

    constructor(canvas, outline) {
        this.#bird = new Path2D(outline);
        this.font = `12px ${getComputedStyle(document.querySelector("code")).fontFamily}`;
        keepDrawing(canvas, (...frame) => this.#draw(...frame));
    }

    add(name) {
        this.#events.push({ name, at: Date.now() });
        if (this.#events.length > 2 * LIMIT) this.#events.splice(0, LIMIT);
    }

    #draw(context, width, height, now) {
        this.#events = this.#events.filter(event => now - event.at < width / this.#pixelsASecond * 1000 + 6000);
        const lead = 30, perMs = this.#pixelsASecond / 1000;
        const x = at => width - lead - (now - at) * perMs;
        const altitude = at => {
            let lift = 0;
            for (const event of this.#events) {
                const since = (at - event.at) / 1000;
                const beat = event.name === "stats" ? 4 : 26;
                if (since > 0 && since < 6) lift += beat * since * Math.exp(1 - since * 1.6);
            }
            const ceiling = height * .7 - 34;
            const drift = Math.sin(at / 2300) * 5 + Math.sin(at / 870) * 1.5;
            return height * .7 + drift - ceiling * Math.tanh(lift / ceiling);
        };

        const sky = context.createLinearGradient(0, 0, width - lead, 0);
        sky.addColorStop(0, withAlpha(ink("message"), 0));
        sky.addColorStop(1, withAlpha(ink("message"), .75));
        const trail = [];
        for (let at = now; x(at) > -4; at -= 4 / perMs) trail.push([x(at), altitude(at)]);
        context.beginPath();
        for (const [px, py] of trail) context.lineTo(px, py);
        context.strokeStyle = sky;
        context.lineWidth = 1.5;
        context.stroke();

        context.font = this.font;
        context.textAlign = "center";
        let free = width - lead - 34;
        for (const { name, at } of this.#events.toReversed()) {
            const px = x(at);
            context.globalAlpha = Math.min(1, Math.max(0, px / (width * .25)));
            context.fillStyle = ink(name);
            context.beginPath();
            context.arc(px, altitude(at), name === "stats" ? 2 : 4.5, 0, 2 * Math.PI);
            context.fill();
            const half = context.measureText(name).width / 2;
            if (name === "stats" || px + half > free) continue;
            const above = trail.filter(([tx]) => Math.abs(tx - px) < half + 6).map(([, ty]) => ty);
            context.fillText(name, px, Math.min(...above) - 11);
            free = px - half - 12;
        }
        context.globalAlpha = 1;

        const latest = this.#events.at(-1), since = latest ? (now - latest.at) / 1000 : 9;
        const beat = 1 - .45 * Math.max(0, Math.sin(since * 14)) * Math.exp(-since * 3);
        context.save();
        context.translate(width - lead, altitude(now));
        context.rotate(Math.atan2(altitude(now) - altitude(now - 200), 200 * perMs + 12) - .1);
        context.scale(.82, .82 * beat);
        context.translate(-34, -34);
        context.fillStyle = ink("ink");
        context.fill(this.#bird);
        context.restore();
    }
}

/** Percentages over the last minute, one line a series. */
class Chart {
    #span = 60_000;
    #samples = [];

    constructor(canvas, series) {
        this.series = series;
        keepDrawing(canvas, (...frame) => this.#draw(...frame));
    }

    add(values) {
        this.#samples.push({ at: Date.now(), ...values });
        while (this.#samples.length > 2 && this.#samples[1].at < Date.now() - this.#span) this.#samples.shift();
    }

    #draw(context, width, height, now) {
        const left = 34, right = width - 10, top = 8, bottom = height - 22;
        const x = at => right - (now - at) / this.#span * (right - left);
        const y = percent => bottom - percent / 100 * (bottom - top);

        context.font = `12px ${getComputedStyle(document.body).fontFamily}`;
        context.lineWidth = 1;
        context.textBaseline = "middle";
        context.textAlign = "right";
        for (const percent of [0, 25, 50, 75, 100]) {
            context.strokeStyle = ink("line");
            context.beginPath();
            context.moveTo(left, Math.round(y(percent)) + .5);
            context.lineTo(right, Math.round(y(percent)) + .5);
            context.stroke();
            context.fillStyle = ink("muted");
            context.fillText(percent, left - 8, y(percent));
        }
        context.textBaseline = "alphabetic";
        for (const [seconds, align] of [[60, "left"], [45, "center"], [30, "center"], [15, "center"], [0, "right"]]) {
            if (seconds % 30 && width < 480) continue;
            context.textAlign = align;
            context.fillText(seconds ? `${seconds} s ago` : "now", x(now - seconds * 1000), height - 4);
        }

        context.save();
        context.beginPath();
        context.rect(left, 0, right - left + 8, bottom);
        context.clip();
        for (const key of this.series) this.#line(context, key, ink(key), x, y, top, bottom);
        context.restore();
    }

    /** A smooth line, broken where the stream was silent for more than three seconds. */
    #line(context, key, colour, x, y, top, bottom) {
        const runs = [];
        for (const sample of this.#samples) {
            const run = runs.at(-1);
            if (run && sample.at - run.at(-1).at < 3000) run.push(sample);
            else runs.push([sample]);
        }
        context.lineWidth = 2;
        context.lineJoin = context.lineCap = "round";
        for (const run of runs) {
            const line = new Path2D();
            run.forEach((sample, index) => {
                const px = x(sample.at), py = y(sample[key]);
                if (index === 0) return line.moveTo(px, py);
                const before = run[index - 1], middle = (px + x(before.at)) / 2;
                line.bezierCurveTo(middle, y(before[key]), middle, py, px, py);
            });
            const last = run.at(-1), area = new Path2D(line);
            area.lineTo(x(last.at), bottom);
            area.lineTo(x(run[0].at), bottom);
            const fade = context.createLinearGradient(0, top, 0, bottom);
            fade.addColorStop(0, withAlpha(colour, .28));
            fade.addColorStop(1, withAlpha(colour, .02));
            context.fillStyle = fade;
            context.fill(area);
            context.strokeStyle = context.fillStyle = colour;
            context.stroke(line);
            if (run !== runs.at(-1)) continue;
            context.beginPath();
            context.arc(x(last.at), y(last[key]), 4, 0, 2 * Math.PI);
            context.fill();
        }
    }
}

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

    const names = ["message", "data", "notification", "private", "martlet.resume"];
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

/** Account and chat: the session, and the room that it opens. */
function chat(log) {
    const tabs = new BroadcastChannel("martlet.account");
    let user, lastBy = null, catchesUp = false, timer;
    const seen = new Set();

    function line(kind, by, text) {
        const mine = kind === "message" && by === user?.username;
        const row = element("li", { className: mine ? "message mine" : kind },
            kind === "system" ? text : element("span", { className: "by", text: by }),
            kind === "system" ? "" : element("span", { className: "text", text }));
        row.classList.toggle("follow", kind === "message" && by === lastBy);
        lastBy = kind === "message" ? by : null;
        appendLines($("chat-lines"), [row]);
    }

    /** Who is in the room, asked every five seconds while the page is looked at. */
    async function members() {
        clearTimeout(timer);
        timer = setTimeout(members, 5000);
        if (!user || document.hidden || !$("chat-rejoin").hidden) return;
        const reply = await call("/chat/members");
        if (reply.ok && Array.isArray(reply.body.data)) $("chat-members").textContent = reply.body.data.join(", ");
    }

    const room = new Stream("/chat/stream?history=30", ["system", "message", "private"], {
        shared: true,
        replay: 30, // Another tab gets from this one what the server tells the first.
        onEvent(event) {
            const said = parsed(event.data) ?? {};
            if (event.name === "system") {
                catchesUp = false; // What comes before the welcome is the past.
                members();
                line("system", null, String(said.msg ?? event.data));
                return;
            }
            if (seen.has(event.id)) return;
            if (event.id) seen.add(event.id);
            if (event.name === "private") {
                if (!catchesUp) log.add(event);
                line("private", "private message", event.data);
            } else {
                line("message", String(said.user ?? "someone"), String(said.msg ?? event.data));
            }
        },
        onState(state) {
            badge("chat")(state);
            $("chat-rejoin").hidden = state !== "closed";
            if (state === "closed" && user) refresh(); // The session may have ended.
        },
    });

    /** Asks who is signed in, and joins or leaves accordingly; `/events` starts anew for another user. */
    async function refresh({ aloud = false } = {}) {
        const reply = await call("/account/profile");
        if (!reply.ok && reply.status !== 401) return say($("chat-reply"), reply);
        if (aloud && !reply.ok) say($("chat-reply"), reply);
        const next = reply.ok ? reply.body.data : null;
        const first = user === undefined;
        if (!first && JSON.stringify(next) === JSON.stringify(user)) return;
        user = next;
        document.querySelector(".panel-chat").dataset.signed = user ? "in" : "out";
        $("account-name").textContent = user?.username ?? "";
        $("account-id").textContent = user?.user_id ?? "";
        $("account-initial").textContent = Array.from(user?.username ?? "")[0]?.toUpperCase() ?? "";
        if (!first) log.reopen(`${user ? "signed in" : "signed out"}, the stream starts anew`);
        lastBy = null;
        catchesUp = true;
        if (user) room.open();
        else {
            room.close();
            seen.clear();
            $("chat-lines").replaceChildren();
        }
    }

    async function changed(reply) {
        if (!reply.ok) return;
        await refresh();
        tabs.postMessage("changed");
        $(user ? "chat-message" : "login-user-id").focus({ preventScroll: true });
    }

    tabs.onmessage = () => refresh();
    submits($("login-form"), $("chat-reply"), { then: changed });
    submits($("chat-form"), $("chat-reply"), {
        clear: $("chat-message"),
        then: reply => { if (reply.status === 401) refresh(); },
    });
    $("logout").addEventListener("click", async () => {
        const reply = await call("/account/logout", {});
        say($("chat-reply"), reply);
        changed(reply);
    });
    $("chat-rejoin").addEventListener("click", () => room.open());
    document.addEventListener("visibilitychange", members);
    $("chat-message").addEventListener("keydown", event => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        $("chat-form").requestSubmit();
    });
    refresh({ aloud: true });
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
        say($("client-reply"), await call(path, fields));
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
