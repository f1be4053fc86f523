"use strict";

/**
 * What the server says, in the first event of a resumed stream, about the events sent in between.
 *
 * @typedef {object} ResumeVerdict
 * @property {"resumed" | "partial" | "reset"} verdict all of them follow, only the latest do, or none
 * @property {string} [after] for `partial`: what is missing stands behind this id,
 * @property {string} [through] up to this one, which may be missing itself
 */

/**
 * What the server says in place of events that it dropped or no longer keeps. Nothing is in it where it cannot be read.
 *
 * @typedef {object} EventGap
 * @property {string} [first] the ids that the missing events lie between, this one included,
 * @property {string} [last] and this one
 * @property {number} [count] how many are missing, where the server knows
 */

/**
 * @typedef {object} SharedEventSourceOptions
 * @property {Iterable<string>} [events] types to listen for from the first moment on, besides `message`
 * @property {string} [lastEventId] where to resume at the first connection
 * @property {boolean} [withCredentials] as for `EventSource`
 * @property {number} [replay] how many of the last events a tab is told first that joins a stream under way; the same in
 *     all tabs (0)
 * @property {boolean} [shared] false for a connection of its own
 */

/**
 * An `EventSource` of which all tabs of a browser share one connection.
 *
 *     const stream = new SharedEventSource("/chat/stream", { events: ["message", "system"] });
 *     stream.addEventListener("message", event => show(event.data));
 *     stream.onresume = ({ detail }) => { if (detail.verdict !== "resumed") reload(); };
 *     stream.ongap = () => reload();
 *
 * Over HTTP/1.1 a browser opens six connections to a host, and every stream keeps one for good. So one tab, the holder
 * of a Web Lock, leads: it has the connection and relays over a BroadcastChannel. When it closes, the tab that has
 * waited longest takes over and resumes with `?lastEventId=` after the last event it knows of; what both tell is told once.
 * Where there are no Web Locks (plain HTTP, not localhost) each tab has a plain EventSource of its own.
 *
 * Differs from `EventSource` in this: a type is received once somebody listens for it, in any tab, so name those that
 * must not be missed in `events`; a tab that joins a stream under way hears what comes from then on, and before that the
 * last events that the leading tab has heard, where `replay` says so; never across a hole, which starts them anew.
 */
class SharedEventSource extends EventTarget {
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSED = 2;

    /** The events of its own making, which no server need send. */
    static #own = ["open", "error", "resume", "gap"];

    /** @type {((event: Event) => void) | null} */
    onopen = null;
    /** @type {((event: MessageEvent) => void) | null} */
    onmessage = null;
    /**
     * Called for every loss; `readyState` says whether another attempt follows.
     *
     * @type {((event: Event) => void) | null}
     */
    onerror = null;
    /** @type {((event: CustomEvent<ResumeVerdict>) => void) | null} */
    onresume = null;
    /**
     * Called in every tab, in the place of what is missing.
     *
     * @type {((event: CustomEvent<EventGap>) => void) | null}
     */
    ongap = null;

    #url;
    #options;
    #readyState = SharedEventSource.CONNECTING;
    #lastEventId;
    /** @type {ResumeVerdict | null} */
    #verdict = null;
    #names = new Set(["message", "martlet.resume", "martlet.gap"]);
    #closing = new AbortController();
    /** @type {BroadcastChannel | null} */
    #channel = null;
    /** The connection, in the tab that leads. @type {EventSource | null} */
    #source = null;
    /** Names the connection that an event came by. */
    #term = "";
    /**
     * The events of late that have an id of the server's making, and the term each came in.
     *
     * @type {Map<string, string>}
     */
    #recent = new Map();
    /** The last events since there was a hole, for tabs that join later. */
    #past = [];
    /** What came while this tab waits to be told the past; null when it does not wait. @type {object[] | null} */
    #early = null;
    #tab = Math.random().toString(36).slice(2);

    /**
     * Connects at once.
     *
     * @param {string | URL} url
     * @param {SharedEventSourceOptions} [options]
     */
    constructor(url, options = {}) {
        super();
        this.#url = new URL(url, document.baseURI);
        this.#options = options;
        this.#lastEventId = options.lastEventId ?? "";
        for (const name of options.events ?? []) this.#names.add(name);
        if (options.shared !== false && navigator.locks && window.BroadcastChannel) this.#join();
        else this.#connect();
    }

    get url() { return this.#url.href; }
    get withCredentials() { return this.#options.withCredentials ?? false; }
    /** The state of the shared connection, as `EventSource` numbers them. */
    get readyState() { return this.#readyState; }
    /** The id to resume after; empty while there is none. */
    get lastEventId() { return this.#lastEventId; }
    /** What the server last said of a resumed stream; null from one that says nothing. */
    get verdict() { return this.#verdict; }
    /** Whether this tab has the connection. */
    get leads() { return this.#source !== null; }

    /** Leaves the stream; the other tabs keep it. */
    close() {
        this.#readyState = SharedEventSource.CLOSED;
        this.#leave();
    }

    addEventListener(type, ...rest) {
        super.addEventListener(type, ...rest);
        if (SharedEventSource.#own.includes(type) || this.#names.has(type)) return;
        this.#want([type]);
        this.#channel?.postMessage({ names: [type] });
    }

    /** Waits for the lead, and listens to who has it until then. */
    #join() {
        const name = `martlet.js ${this.withCredentials ? "credentials " : ""}${this.#url.href}`;
        this.#channel = new BroadcastChannel(name);
        this.#channel.onmessage = ({ data }) => this.#hear(data);
        const { signal } = this.#closing;
        navigator.locks.request(name, { signal }, () => this.#lead()).catch(() => { /* Left before its turn came. */ });
        this.#channel.postMessage({ names: [...this.#names], ask: this.#tab });
        if (!(this.#options.replay > 0)) return;
        this.#early = [];
        // A leader that is just closing does not answer.
        setTimeout(() => this.#catchUp([]), 2000);
    }

    /** The lock is held until this tab leaves, or until it is gone. */
    #lead() {
        const { signal } = this.#closing;
        if (signal.aborted) return undefined;
        this.#catchUp([]);
        this.#connect();
        return new Promise(release => {
            // A stream that ended for good must be known to the others before one of them has the lock.
            signal.addEventListener("abort", () => setTimeout(release, 50));
        });
    }

    #connect() {
        this.#term = Math.random().toString(36).slice(2);
        const url = new URL(this.#url);
        if (this.#lastEventId) url.searchParams.set("lastEventId", this.#lastEventId);
        const source = this.#source = new EventSource(url, { withCredentials: this.withCredentials });
        source.onopen = () => this.#relay({ state: source.readyState });
        source.onerror = () => this.#relay({ state: source.readyState });
        this.#relay({ state: source.readyState });
        const names = [...this.#names];
        this.#names.clear();
        this.#want(names);
    }

    /** @param {Iterable<string>} names */
    #want(names) {
        for (const name of names) {
            if (this.#names.has(name)) continue;
            this.#names.add(name);
            this.#source?.addEventListener(name, ({ data, lastEventId }) =>
                this.#relay({ event: { name, data, id: lastEventId, term: this.#term } }));
        }
    }

    /** Tells the other tabs, and this one. */
    #relay(message) {
        if (this.#readyState === SharedEventSource.CLOSED) return;
        this.#channel?.postMessage(message);
        this.#take(message);
    }

    #hear(message) {
        // All tabs know what all want, since any of them may be the next to lead.
        if (message.names) this.#want(message.names);
        if (message.ask && this.#source) {
            this.#channel.postMessage(
                { state: this.#readyState, id: this.#lastEventId, past: this.#past, to: message.ask });
        }
        if (message.past && message.to === this.#tab) this.#catchUp(message.past);
        // A leader's own state is what its connection says, not what its predecessor's last words were.
        if (message.event || !this.#source) this.#take(message);
    }

    #take({ event, state, id }) {
        if (id && !this.#lastEventId) this.#lastEventId = id;
        if (event && this.#early && (event.name !== "martlet.resume" || isHole(event))) this.#early.push(event);
        else if (event) this.#receive(event);
        if (state === undefined || state === this.#readyState) return;
        // Nobody is left who would tell the past.
        if (state === SharedEventSource.CLOSED) this.#catchUp([]);
        this.#readyState = state;
        if (state === SharedEventSource.CLOSED) this.#leave();
        this.#fire(new Event(state === SharedEventSource.OPEN ? "open" : "error"));
    }

    /** Both end with the same event, since one tab tells them in order: the longer one has all of the other. */
    #catchUp(past) {
        const early = this.#early;
        if (!early || this.#readyState === SharedEventSource.CLOSED) return;
        this.#early = null;
        for (const event of past.length > early.length ? past : early) this.#receive(event);
    }

    #receive({ name, data, id, term }) {
        // Only ids of the form epoch-sequence are unique: an application may give the same one twice. A verdict has the
        // id of what it is about.
        if (/-\d+$/.test(id) && name !== "martlet.resume") {
            const key = `${id} ${name} ${data.length} ${data.slice(0, 64)}`;
            const earlier = this.#recent.get(key);
            if (earlier !== undefined && earlier !== term) return;
            this.#recent.set(key, term);
            if (this.#recent.size > 1000) this.#recent.delete(this.#recent.keys().next().value);
        }
        if (isHole({ name, data })) this.#past = [];
        else if (this.#options.replay > 0 && name !== "martlet.resume") {
            this.#past.push({ name, data, id, term });
            if (this.#past.length > this.#options.replay) this.#past.shift();
        }
        // A connection that resumed by its URL knows no id until an event brings one.
        if (id) this.#lastEventId = id;
        if (name === "martlet.resume") this.#verdict = readVerdict(data);
        this.#fire(new MessageEvent(name, { data, lastEventId: id, origin: this.#url.origin }));
        if (name === "martlet.resume") this.#fire(new CustomEvent("resume", { detail: this.#verdict }));
        if (name === "martlet.gap") this.#fire(new CustomEvent("gap", { detail: readGap(data) }));
    }

    /** @param {Event} event */
    #fire(event) {
        this.dispatchEvent(event);
        if (["message", ...SharedEventSource.#own].includes(event.type)) this[`on${event.type}`]?.(event);
    }

    #leave() {
        this.#source?.close();
        this.#source = null;
        this.#closing.abort();
        this.#channel?.close();
        this.#channel = null;
    }
}

/** Whether something is missing in this place. */
function isHole({ name, data }) {
    return name === "martlet.gap" || (name === "martlet.resume" && readVerdict(data).verdict !== "resumed");
}

/**
 * Lenient, but never silent about a hole: what cannot be read counts as `reset`.
 *
 * @param {string} data
 * @returns {ResumeVerdict}
 */
function readVerdict(data) {
    let said = data;
    try {
        said = JSON.parse(data);
    } catch {
        // A bare word.
    }
    const verdict = typeof said === "object" ? said?.verdict : said;
    const known = ["resumed", "partial", "reset"].includes(verdict) ? verdict : "reset";
    const place = Object.fromEntries(["after", "through"].flatMap(name =>
        typeof said?.[name] === "string" ? [[name, said[name]]] : []));
    return { verdict: known, ...place };
}

/**
 * Lenient as well: what cannot be read is a gap all the same.
 *
 * @param {string} data
 * @returns {EventGap}
 */
function readGap(data) {
    let said = null;
    try {
        said = JSON.parse(data);
    } catch {
        // Somewhere, then.
    }
    const types = { first: "string", last: "string", count: "number" };
    return Object.fromEntries(Object.keys(types).flatMap(name =>
        typeof said?.[name] === types[name] ? [[name, said[name]]] : []));
}
