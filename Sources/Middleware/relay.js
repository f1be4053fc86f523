"use strict";

/**
 * One event on its way from the connection to the tabs.
 *
 * @typedef {object} RelayedEvent
 * @property {string} name
 * @property {string} data
 * @property {string} id
 */

/**
 * How far a tab has heard: the last event's id and, for the relay that told it, which of its events it was.
 *
 * @typedef {object} Position
 * @property {string} term
 * @property {number} count
 * @property {string} id
 */

/**
 * Has the connection of one stream, and tells the tabs over a BroadcastChannel what comes by it.
 *
 * It runs in a SharedWorker, which belongs to no tab. Where there is none it runs in the tab that leads.
 */
class Relay {
    /** The events that it remembers for tabs that were away; what lies further back is asked of the server. */
    static #remembers = { events: 1000, characters: 1 << 20 };
    /** Milliseconds in which a tab that is there says so. */
    static #patience = 3000;

    #url;
    #withCredentials;
    #whenRefused;
    #channel;
    /** @type {EventSource | null} */
    #source = null;
    #state = 0;
    #opened = false;
    /** Names the run of events that `#count` counts. */
    #term = randomName();
    #count = 0;
    #id = "";
    /** The last ones of the run. @type {RelayedEvent[]} */
    #memory = [];
    #size = 0;
    #names = new Set();
    #tabs = new Set();
    /** Those that have not answered the roll call yet. @type {Set<string> | null} */
    #doubted = null;
    /** The pages that closed the stream since it was connected. */
    #left = new Set();

    /**
     * @param {string} name the channel's, see `channelName`
     * @param {Iterable<string>} names the types to listen for
     * @param {string | null} id where to resume; null to wait for the first tab
     * @param {((opened: boolean) => void) | null} whenRefused called instead of ending the stream in all tabs, since the
     *     browser closes a page's connections for reasons of the page's: whether this one was ever open
     */
    constructor(name, names = [], id = null, whenRefused = null) {
        ({ url: this.#url, withCredentials: this.#withCredentials } = JSON.parse(name));
        this.#whenRefused = whenRefused;
        this.#channel = new BroadcastChannel(name);
        this.#channel.onmessage = ({ data }) => { if (data.tab) this.#hear(data); };
        this.#listen(names);
        if (id !== null) this.#connect(id);
        this.#channel.postMessage({ hello: this.#term });
    }

    close() {
        this.#disconnect();
        this.#channel.close();
    }

    /** @param {{ tab: string, names: string[], at: Position, join?: boolean, replay?: number, page?: string }} said */
    #hear({ tab, page, names, at, join, replay, bye }) {
        if (bye) return this.#part(tab, page);
        this.#tabs.add(tab);
        this.#doubted?.delete(tab);
        this.#listen(names);
        if (join) this.#welcome(tab, page, at, replay);
        // It took too long to answer, and its run of events has ended meanwhile.
        else if (!this.#whenRefused && at.term !== this.#term) this.#channel.postMessage({ hello: this.#term });
    }

    #welcome(tab, page, at, replay) {
        if (!this.#source) this.#connect(at.id);
        // To close a stream and open it is to ask the server anew, perhaps as somebody else.
        else if (this.#left.has(page)) this.#connect(this.#id);
        const missed = at.term === this.#term ? this.#count - at.count : Infinity;
        const remembered = missed <= this.#memory.length;
        let events = [];
        if (remembered) events = this.#memory.slice(this.#memory.length - missed);
        else if (!at.term && !at.id && replay > 0) events = this.#past().slice(-replay);
        const complete = remembered || !at.id || at.id === this.#id;
        this.#channel.postMessage({
            welcome: tab, events, complete, names: [...this.#names], id: this.#id, state: this.#state, term: this.#term,
            count: this.#count,
        });
    }

    /** What a tab may be told that has heard nothing: never across a hole. */
    #past() {
        return this.#memory.slice(this.#memory.findLastIndex(isHole) + 1).filter(({ name }) => name !== "martlet.resume");
    }

    #part(tab, page) {
        // In a tab it ends with the tab.
        if (this.#whenRefused) return;
        this.#tabs.delete(tab);
        if (page) this.#left.add(page);
        if (!this.#tabs.size) return this.#disconnect();
        // Not every tab can say that it goes.
        if (this.#doubted) return;
        this.#doubted = new Set(this.#tabs);
        this.#channel.postMessage({ roll: true });
        setTimeout(() => {
            for (const silent of this.#doubted) this.#tabs.delete(silent);
            this.#doubted = null;
            if (!this.#tabs.size) this.#disconnect();
        }, Relay.#patience);
    }

    #connect(id) {
        this.#source?.close();
        this.#left.clear();
        this.#id = id;
        this.#opened = false;
        const source = this.#source = connect(this.#url, id, this.#withCredentials);
        source.onopen = () => {
            this.#opened = true;
            this.#tellState();
        };
        source.onerror = () => {
            if (source.readyState !== EventSource.CLOSED) return this.#tellState();
            if (this.#whenRefused) return this.#whenRefused(this.#opened);
            this.#tellState();
            this.#tabs.clear();
            this.#disconnect();
        };
        const names = [...this.#names];
        this.#names.clear();
        this.#listen(names);
        this.#tellState();
    }

    #disconnect() {
        if (this.#source) disconnect(this.#source);
        this.#source = null;
        this.#left.clear();
        this.#memory = [];
        this.#size = this.#count = 0;
        this.#term = randomName();
    }

    #tellState() {
        this.#state = this.#source.readyState;
        this.#channel.postMessage({ state: this.#state });
    }

    /** @param {Iterable<string>} names */
    #listen(names) {
        for (const name of names) {
            if (this.#names.has(name)) continue;
            this.#names.add(name);
            if (this.#source) listen(this.#source, name, event => this.#tell(event));
        }
    }

    /** @param {RelayedEvent} event */
    #tell(event) {
        // A connection that resumed by its URL knows no id until an event brings one.
        if (event.id) this.#id = event.id;
        this.#count += 1;
        this.#memory.push(event);
        this.#size += event.data.length;
        while (this.#memory.length > Relay.#remembers.events || this.#size > Relay.#remembers.characters) {
            this.#size -= this.#memory.shift().data.length;
        }
        this.#channel.postMessage({ event, term: this.#term, count: this.#count });
    }
}

/** The channel of one stream, and the worker's and the lock's name. What versions of this file say differs: count up. */
function channelName(way, url, withCredentials) {
    return JSON.stringify({ script: "martlet.js 2", way, url, withCredentials });
}

function randomName() {
    return Math.random().toString(36).slice(2);
}

function connect(url, lastEventId, withCredentials) {
    const resumed = new URL(url);
    if (lastEventId) resumed.searchParams.set("lastEventId", lastEventId);
    return new EventSource(resumed, { withCredentials });
}

/** For good: WebKit connects the sources of a page that comes back, though they were closed when it was left. */
function disconnect(source) {
    source.close();
    source.onopen = source.onerror = () => source.close();
}

/** @param {(event: RelayedEvent) => void} tell */
function listen(source, name, tell) {
    source.addEventListener(name, ({ data, lastEventId }) => tell({ name, data, id: lastEventId }));
}

/** Whether something is missing in this place. @param {RelayedEvent} event */
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

if (globalThis.SharedWorkerGlobalScope) new Relay(globalThis.name);
