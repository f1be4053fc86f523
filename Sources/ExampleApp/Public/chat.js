"use strict";

/** Account and chat: the session, and the room that it opens. */
function chat(log) {
    const tabs = new BroadcastChannel("martlet.account");
    let user, lastBy = null, catchesUp = false, timer;
    const seen = new Set();

    function line(kind, by, text, note = "") {
        const mine = kind === "message" && by === user?.username;
        const row = element("li", { className: mine ? "message mine" : kind },
            kind === "system" ? text : element("span", { className: "by", text: by }),
            kind === "system" ? "" : element("span", { className: "text", text }));
        if (note) row.classList.add(note);
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

    /** What is shown goes; what comes before the next welcome is the past. */
    function startOver() {
        seen.clear();
        $("chat-lines").replaceChildren();
        lastBy = null;
        catchesUp = true;
    }

    const missed = text => line("system", null, text, "hole");

    /** What is missing is said in its place. A server that does not know what is shown here tells its history anew. */
    function resumed({ verdict }) {
        if (verdict === "resumed") return;
        if (verdict === "partial") return missed("Some messages were missed here");
        startOver();
        missed("Messages may be missing, the history starts anew");
    }

    const names = ["system", "message", "private", "martlet.resume", "martlet.gap"];
    const room = new Stream("/chat/stream?history=30", names, {
        shared: true,
        replay: 30, // Another tab gets from this one what the server tells the first.
        onEvent(event) {
            const said = parsed(event.data) ?? {};
            if (event.name === "martlet.resume") return resumed(said);
            if (event.name === "martlet.gap") return missed("Some messages were missed here");
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
    async function refresh() {
        const reply = await call("/account/profile");
        if (!reply.ok && reply.status !== 401) return say($("chat-reply"), reply);
        const next = reply.ok ? reply.body.data : null;
        const first = user === undefined;
        if (!first && JSON.stringify(next) === JSON.stringify(user)) return;
        user = next;
        document.querySelector(".panel-chat").dataset.signed = user ? "in" : "out";
        $("account-name").textContent = user?.username ?? "";
        $("account-id").textContent = user?.user_id ?? "";
        $("account-initial").textContent = Array.from(user?.username ?? "")[0]?.toUpperCase() ?? "";
        if (!first) log.reopen(`${user ? "signed in" : "signed out"}, the stream starts anew`);
        startOver();
        if (user) room.open();
        else room.close();
    }

    async function changed(reply) {
        if (!reply.ok) return;
        await refresh();
        tabs.postMessage("changed");
        $(user ? "chat-message" : "login-user-id").focus({ preventScroll: true });
    }

    tabs.onmessage = () => refresh();
    submits($("login-form"), $("chat-reply"), { clear: $("login-password"), then: changed });
    submits($("chat-form"), $("chat-reply"), {
        clear: $("chat-message"),
        then: reply => { if (reply.status === 401) refresh(); },
    });
    $("logout").addEventListener("click", async () => {
        const reply = await call("/account/logout", {});
        say($("chat-reply"), reply);
        changed(reply);
    });
    $("chat-rejoin").addEventListener("click", () => {
        startOver(); // Between what is shown and the history may be more than either has.
        room.open();
    });
    document.addEventListener("visibilitychange", members);
    $("chat-message").addEventListener("keydown", event => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        $("chat-form").requestSubmit();
    });
    refresh();
}
