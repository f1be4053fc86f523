"use strict";

// What the page draws: events in flight, and the chart of the monitor.

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
