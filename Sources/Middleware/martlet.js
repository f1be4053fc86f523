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
 * @property {string} [lastEventId] where to begin: what came after it is told first
 * @property {boolean} [withCredentials] as for `EventSource`
 * @property {number} [replay] how many of the last events a tab is told first that joins a stream under way (0, at most
 *     1000)
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
 * Over HTTP/1.1 a browser opens six connections to a host, and every stream keeps one for good. So one `Relay` has the
 * connection. It is in a SharedWorker made of this file. Where there is none (Chromium on Android), it is in the tab that
 * holds a Web Lock; when that goes, the tab that has waited longest takes over and resumes after the last event it knows
 * of. Where there are no locks either (plain HTTP, not localhost) each tab has a connection of its own.
 *
 * A page that the browser sets aside (page cache, freezing) leaves the stream, and catches up when it is back.
 *
 * Differs from `EventSource` in this: a type is received once somebody listens for it, in any tab, so name those that
 * must not be missed in `events`; a tab that joins a stream under way hears what comes from then on, and before that the
 * last events, where `replay` says so; never across a hole, which starts them anew.
 */
class SharedEventSource extends EventTarget {
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSED = 2;

    /** The events of its own making, which no server need send. */
    static #own = ["open", "error", "resume", "gap"];
    /** What the worker is made of; undefined where it must come from elsewhere, as in a bundle. */
    static #script = globalThis.document?.currentScript?.src;
    static #page = randomName();

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
    #tab = randomName();

    /** Null while this page is set aside. @type {BroadcastChannel | null} */
    #channel = null;
    /** Ends the wait for the lock, or gives it back. */
    #turn = new AbortController();
    /** Where it is in this tab. @type {Relay | null} */
    #relay = null;
    /** Whether the relay is a worker's. */
    #works = false;
    /** Whether the relay has answered; what it says before that is for others. */
    #welcomed = false;
    /** The relay's run of events that the last one was of, and its place in it. */
    #heard = { term: "", count: 0 };
    /** Tells what the relay does not remember. @type {EventSource | null} */
    #history = null;
    /** What the relay says meanwhile. @type {object[]} */
    #held = [];
    /**
     * The events of late that have an id of the server's making, and the term each came in.
     *
     * @type {Map<string, string>}
     */
    #recent = new Map();

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
        const { signal } = this.#closing;
        for (const [target, type] of [[window, "pagehide"], [document, "freeze"]]) {
            target.addEventListener(type, () => this.#leave(), { signal });
        }
        for (const [target, type] of [[window, "pageshow"], [document, "resume"]]) {
            target.addEventListener(type, () => this.#comeBack(), { signal });
        }
        this.#join();
    }

    get url() { return this.#url.href; }
    get withCredentials() { return this.#options.withCredentials ?? false; }
    /** The state of the shared connection, as `EventSource` numbers them. */
    get readyState() { return this.#readyState; }
    /** The id to resume after; empty while there is none. */
    get lastEventId() { return this.#lastEventId; }
    /** What the server last said of a resumed stream; null from one that says nothing. */
    get verdict() { return this.#verdict; }
    /** Whether this tab has the connection; none has it where a worker does. */
    get leads() { return this.#relay !== null; }

    /** Leaves the stream; the other tabs keep it. */
    close() {
        this.#readyState = SharedEventSource.CLOSED;
        this.#leave(SharedEventSource.#page);
        this.#closing.abort();
    }

    addEventListener(type, ...rest) {
        super.addEventListener(type, ...rest);
        if (SharedEventSource.#own.includes(type) || this.#names.has(type)) return;
        this.#names.add(type);
        this.#say();
    }

    #join() {
        const script = SharedEventSource.#script;
        if (this.#options.shared === false || !script || !window.SharedWorker) return this.#queue();
        const name = this.#tune("worker");
        const refused = () => {
            if (this.#welcomed || this.#channel?.name !== name) return;
            // By the page's policy, or since the file is another origin's.
            SharedEventSource.#script = undefined;
            this.#channel.close();
            this.#queue();
        };
        try {
            new SharedWorker(script, { name }).onerror = refused;
            this.#say({ join: true });
        } catch {
            refused();
        }
    }

    /** Waits for the lead, and listens to who has it until then. */
    #queue() {
        const shares = this.#options.shared !== false && navigator.locks;
        const name = this.#tune(shares ? "lock" : randomName());
        const { signal } = this.#turn = new AbortController();
        const lead = () => {
            this.#relay = new Relay(name, this.#names, this.#lastEventId, opened => this.#lose(opened));
            // The lock is held until this tab leaves, or until it is gone.
            return new Promise(release => signal.addEventListener("abort", release));
        };
        if (!shares) return void lead();
        navigator.locks.request(name, { signal }, () => signal.aborted || lead()).catch(() => { /* Left before its turn. */ });
        this.#say({ join: true });
    }

    #tune(way) {
        this.#works = way === "worker";
        const name = channelName(way, this.#url.href, this.withCredentials);
        this.#channel = new BroadcastChannel(name);
        this.#channel.onmessage = ({ data }) => this.#hear(data);
        return name;
    }

    /** Tells the relay that this tab is there, and what it wants to the other tabs, too: any may be the next to lead. */
    #say(more) {
        const at = { ...this.#heard, id: this.#lastEventId };
        const { replay } = this.#options;
        this.#channel?.postMessage(
            { tab: this.#tab, page: SharedEventSource.#page, names: [...this.#names], at, replay, ...more });
    }

    #leave(page) {
        if (!this.#channel) return;
        this.#say({ bye: true, page });
        this.#channel.close();
        this.#relay?.close();
        if (this.#history) disconnect(this.#history);
        this.#turn.abort();
        this.#channel = this.#relay = this.#history = null;
        this.#welcomed = false;
    }

    #comeBack() {
        if (this.#channel) return;
        this.#enter(SharedEventSource.CONNECTING);
        this.#join();
    }

    /**
     * The connection of this tab's relay was closed. If it was open once, that may have been the browser: when the page is
     * left, or stopped. Then the next tab asks, and this one when it is its turn again. A refusal is for this tab only.
     */
    #lose(opened) {
        this.#leave();
        if (opened) this.#comeBack();
        else this.#enter(SharedEventSource.CLOSED);
    }

    #hear(message) {
        if (!this.#channel) return;
        for (const name of message.names ?? []) this.#names.add(name);
        const { hello, welcome, roll, event, state, term } = message;
        // After a tab comes a tab that has heard the same; after a worker nobody.
        if (hello && hello !== this.#heard.term) {
            if (this.#works) this.#welcomed = false;
            this.#say({ join: !this.#welcomed });
        }
        if (roll) this.#say();
        if (welcome === this.#tab) return this.#settle(message);
        if (!this.#welcomed) return;
        if (event && this.#history) this.#held.push(message);
        else if (event) this.#take(message);
        if (state !== undefined) this.#enter(state);
    }

    #settle({ events, complete, id, state, term, count }) {
        if (this.#welcomed) return;
        this.#welcomed = true;
        if (!this.#lastEventId) this.#lastEventId = id;
        for (const event of events) this.#receive(event, term);
        if (this.#readyState === SharedEventSource.CLOSED) return;
        if (complete) this.#heard = { term, count };
        else this.#catchUp(id);
        this.#enter(state);
    }

    /** Asks the server what came since this tab left, until that meets what the relay tells. */
    #catchUp(id) {
        this.#heard = { term: "", count: 0 };
        this.#held = [];
        this.#history?.close();
        const source = this.#history = connect(this.#url, this.#lastEventId, this.withCredentials);
        const own = randomName();
        const goOn = index => {
            source.close();
            if (this.#history !== source) return;
            this.#history = null;
            for (const message of this.#held.slice(index)) this.#take(message);
        };
        for (const name of this.#names) {
            listen(source, name, event => {
                this.#receive(event, own);
                const met = this.#held.findIndex(({ event: held }) => event.id && keyOf(held) === keyOf(event));
                const nothingFollows = name === "martlet.resume" && readVerdict(event.data).verdict === "reset";
                if (met >= 0 || nothingFollows || (id && event.id === id)) goOn(met + 1);
            });
        }
        source.onerror = () => {
            if (source.readyState !== EventSource.CLOSED || this.#history !== source) return;
            this.#receive({ name: "martlet.resume", data: '{"verdict":"reset"}', id: "" }, own);
            goOn(0);
        };
    }

    #take({ event, term, count }) {
        if (this.#readyState === SharedEventSource.CLOSED) return;
        this.#heard = { term, count };
        this.#receive(event, term);
    }

    #receive({ name, data, id }, term) {
        if (this.#readyState === SharedEventSource.CLOSED) return;
        // Only ids of the form epoch-sequence are unique: an application may give the same one twice. A verdict has the
        // id of what it is about.
        if (/-\d+$/.test(id) && name !== "martlet.resume") {
            const key = keyOf({ name, data, id });
            const earlier = this.#recent.get(key);
            if (earlier !== undefined && earlier !== term) return;
            this.#recent.set(key, term);
            if (this.#recent.size > 1000) this.#recent.delete(this.#recent.keys().next().value);
        }
        if (id) this.#lastEventId = id;
        if (name === "martlet.resume") this.#verdict = readVerdict(data);
        this.#fire(new MessageEvent(name, { data, lastEventId: id, origin: this.#url.origin }));
        if (name === "martlet.resume") this.#fire(new CustomEvent("resume", { detail: this.#verdict }));
        if (name === "martlet.gap") this.#fire(new CustomEvent("gap", { detail: readGap(data) }));
    }

    #enter(state) {
        if (state === this.#readyState || this.#readyState === SharedEventSource.CLOSED) return;
        this.#readyState = state;
        if (state === SharedEventSource.CLOSED) {
            this.#leave();
            this.#closing.abort();
        }
        this.#fire(new Event(state === SharedEventSource.OPEN ? "open" : "error"));
    }

    /** @param {Event} event */
    #fire(event) {
        this.dispatchEvent(event);
        if (["message", ...SharedEventSource.#own].includes(event.type)) this[`on${event.type}`]?.(event);
    }
}

/** @param {RelayedEvent} event */
function keyOf({ name, data, id }) {
    return `${id} ${name} ${data.length} ${data.slice(0, 64)}`;
}
