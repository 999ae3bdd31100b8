// Draws the charts of the report. The data of a table is JSON in a script element; see TableSection.java for its fields.
(function () {
    "use strict";

    const data = JSON.parse(document.getElementById("page").textContent);
    const zone = zoneOf(data.zone);
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    let printing = false;
    const plots = new Set();
    // How to take away what is being drawn.
    let undo = [];

    function on(element, type, listener) {
        element.addEventListener(type, listener);
        undo.push(() => element.removeEventListener(type, listener));
    }

    function zoneOf(name) {
        try {
            new Intl.DateTimeFormat("en", { timeZone: name });
            return name;
        } catch (e) {
            return "UTC";
        }
    }

    // Colours come from the style sheet, so that there is one place for those of light and dark.
    const LIGHT = {};
    function colour(name) {
        const key = "--" + name;
        if (printing && LIGHT[key]) {
            return LIGHT[key];
        }
        return getComputedStyle(document.documentElement).getPropertyValue(key).trim();
    }
    for (const sheet of document.styleSheets) {
        for (const rule of sheet.cssRules) {
            if (rule.selectorText === ":root") {
                for (const name of rule.style) {
                    LIGHT[name] = rule.style.getPropertyValue(name).trim();
                }
            }
        }
    }

    const LEVELS = 10;
    // Small numbers, too, are to be told from none: the levels go with the square root.
    function level(heat, hottest) {
        return Math.max(1, Math.ceil(LEVELS * Math.sqrt(heat / hottest)));
    }

    const whole = new Intl.NumberFormat("en");
    function number(value) {
        return value >= 10 || Number.isInteger(value) ? whole.format(Math.round(value)) : value.toPrecision(2);
    }
    function short(value) {
        for (const [unit, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
            if (value >= unit) {
                return +(value / unit).toFixed(value < 100 * unit ? 1 : 0) + letter;
            }
        }
        return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : String(+value.toPrecision(2));
    }
    function size(bytes) {
        for (const [unit, name] of [[1073741824, " GB"], [1048576, " MB"], [1024, " kB"]]) {
            if (bytes >= unit) {
                return +(bytes / unit).toFixed(bytes < 100 * unit ? 1 : 0) + name;
            }
        }
        return bytes + " bytes";
    }
    function amount(metric, value) {
        return metric === "wal_bytes" ? size(Math.round(value)) : number(value);
    }
    const clock = new Intl.DateTimeFormat("en-GB",
        { timeZone: zone, day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
    function time(seconds) {
        return clock.format(new Date(seconds * 1000));
    }

    const hour = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
    const day = new Intl.DateTimeFormat("en-GB", { timeZone: zone, day: "numeric", month: "short" });
    // Times along an axis; the day where it is another one than before.
    function times(splits, step) {
        let before = "";
        return splits.map(seconds => {
            const at = new Date(seconds * 1000);
            const today = day.format(at);
            const isNew = today !== before;
            before = today;
            return step >= 86400 ? today : hour.format(at) + (isNew ? "\n" + today : "");
        });
    }

    function make(parent, name, className, text) {
        const element = document.createElement(name);
        element.className = className || "";
        if (text !== undefined) {
            element.textContent = text;
        }
        parent.appendChild(element);
        return element;
    }

    // What follows the pointer. Lines are text, never markup: they hold names of tables.
    function tipFor(plot) {
        const tip = make(plot, "div", "tip");
        undo.push(() => tip.remove());
        return function show(u, lines) {
            if (!lines) {
                tip.style.display = "none";
                return;
            }
            tip.replaceChildren();
            for (const line of lines) {
                make(tip, "div", "", line);
            }
            tip.style.display = "block";
            const left = u.over.offsetLeft + u.cursor.left;
            const top = u.over.offsetTop + u.cursor.top;
            const right = left + 16 + tip.offsetWidth > plot.offsetWidth;
            tip.style.left = Math.max(0, right ? left - 16 - tip.offsetWidth : left + 16) + "px";
            tip.style.top = Math.max(0, top + 16 + tip.offsetHeight > plot.offsetHeight
                ? top - 12 - tip.offsetHeight : top + 16) + "px";
        };
    }

    function axis(more) {
        return Object.assign({
            stroke: () => colour("mute"),
            grid: { stroke: () => colour("grid"), width: 1 },
            ticks: { stroke: () => colour("grid"), width: 1, size: 5 },
            font: "12px system-ui, sans-serif",
        }, more);
    }

    // Makes a chart that is as wide as its element, now and later.
    function chart(plot, height, options, series) {
        const all = Object.assign({
            width: Math.max(plot.clientWidth, 240),
            height: height,
            legend: { show: false },
            tzDate: seconds => uPlot.tzDate(new Date(seconds * 1000), zone),
        }, options);
        const u = new uPlot(all, series, plot);
        const resized = new ResizeObserver(() => {
            const width = plot.clientWidth;
            if (width > 0 && width !== u.width) {
                u.setSize({ width: width, height: height });
            }
        });
        resized.observe(plot);
        plots.add(u);
        undo.push(() => {
            resized.disconnect();
            plots.delete(u);
            u.destroy();
        });
        return u;
    }

    const TIME_STEPS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600,
        2419200, 7257600, 31449600];

    const MB = 1048576;
    function places(splits, table) {
        return splits.map(b => whole.format(b) + (b > 0 ? "\n" + size(b * table.blockSize) : ""));
    }
    // Round distances from the beginning of a table, in blocks.
    function blockSteps(blockSize) {
        const steps = [];
        for (const unit of [1, MB / blockSize, 1024 * MB / blockSize]) {
            for (const f of [1, 2, 5, 10, 20, 50, 100, 200, 500]) {
                steps.push(f * unit);
            }
        }
        for (let f = 1000; f <= 32000; f *= 2) {
            steps.push(f * 1024 * MB / blockSize);
        }
        return steps;
    }

    // The cells of a metric: begin, end (seconds), first block, value, heat. What happened is as hot as it is fast.
    function cellsOf(table, metric) {
        const rows = metric === "dead" ? table.dead : table.events;
        const values = metric === "dead" ? rows.value : rows[metric];
        const cells = { begin: [], end: [], block: [], value: [], heat: [], hottest: 0, minutes: false };
        for (let i = 0; i < values.length; i++) {
            if (values[i] > 0) {
                const begin = table.from + rows.begin[i];
                const end = begin + rows.duration[i];
                const heat = metric === "dead" ? values[i] : values[i] * 60 / rows.duration[i];
                cells.begin.push(begin);
                cells.end.push(Math.min(end, table.to));
                cells.block.push(rows.block[i]);
                cells.value.push(values[i]);
                cells.heat.push(heat);
                cells.hottest = Math.max(cells.hottest, heat);
            }
        }
        return cells;
    }

    function drawLegend(element, metric, cells) {
        element.replaceChildren();
        const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        svg.setAttribute("width", 240);
        svg.setAttribute("height", 12);
        for (let i = 1; i <= LEVELS; i++) {
            const box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
            box.setAttribute("class", "l" + i);
            box.setAttribute("x", 24 * (i - 1));
            box.setAttribute("width", 24);
            box.setAttribute("height", 12);
            svg.appendChild(box);
        }
        make(element, "span", "", "0");
        element.appendChild(svg);
        make(element, "span", "", (metric === "wal_bytes" ? size(Math.round(cells.hottest)) : short(cells.hottest))
            + (metric === "dead" ? "" : " a minute"));
    }

    function drawMap(card, table) {
        const plot = card.querySelector(".map");
        const select = card.querySelector("select");
        const legend = card.querySelector(".legend");
        const tip = tipFor(plot);
        let metric;
        let cells;
        function take(name) {
            metric = name;
            cells = cellsOf(table, metric);
            drawLegend(legend, metric, cells);
        }
        function paint(u) {
            const c = u.ctx;
            const box = u.bbox;
            const x0 = u.valToPos(u.scales.x.min, "x", true);
            const perSecond = (u.valToPos(u.scales.x.max, "x", true) - x0) / (u.scales.x.max - u.scales.x.min);
            const y0 = u.valToPos(u.scales.y.min, "y", true);
            const perBlock = (u.valToPos(u.scales.y.max, "y", true) - y0) / (u.scales.y.max - u.scales.y.min);
            const colours = [];
            for (let i = 1; i <= LEVELS; i++) {
                colours.push(colour("l" + i));
            }
            c.save();
            c.beginPath();
            c.rect(box.left, box.top, box.width, box.height);
            c.clip();
            c.fillStyle = colour("none");
            c.fillRect(box.left, box.top, box.width, box.height);
            for (let i = 0; i < cells.value.length; i++) {
                const left = Math.round(x0 + (cells.begin[i] - u.scales.x.min) * perSecond);
                const right = Math.round(x0 + (cells.end[i] - u.scales.x.min) * perSecond);
                const top = Math.round(y0 + (cells.block[i] - u.scales.y.min) * perBlock);
                const bottom = Math.round(y0 + (Math.min(cells.block[i] + table.rangeBlocks, table.extent)
                    - u.scales.y.min) * perBlock);
                c.fillStyle = colours[level(cells.heat[i], cells.hottest) - 1];
                c.fillRect(left, top, Math.max(right - left, 1), Math.max(bottom - top, 1));
            }
            c.restore();
        }
        function point(u) {
            const left = u.cursor.left;
            if (left === undefined || left < 0) {
                tip(u, null);
                return;
            }
            const at = u.posToVal(left, "x");
            const block = u.posToVal(u.cursor.top, "y");
            for (let i = 0; i < cells.value.length; i++) {
                if (cells.begin[i] <= at && at < cells.end[i] && cells.block[i] <= block
                    && block < cells.block[i] + table.rangeBlocks) {
                    const last = Math.min(cells.block[i] + table.rangeBlocks, table.extent) - 1;
                    tip(u, [
                        amount(metric, cells.value[i]) + " " + select.selectedOptions[0].textContent,
                        time(cells.begin[i]) + " to " + time(cells.end[i]),
                        "blocks " + whole.format(cells.block[i]) + " to " + whole.format(last) + " ("
                            + size(cells.block[i] * table.blockSize) + " into the table)",
                    ]);
                    return;
                }
            }
            tip(u, ["none", time(at), "block " + whole.format(Math.floor(block))]);
        }
        // A browser may keep what was chosen before the page was loaded again.
        take(select.value);
        const u = chart(plot, 380, {
            padding: [8, 16, 0, 0],
            scales: {
                x: { time: true, range: (self, min, max) => [min, max] },
                y: { dir: -1, range: (self, min, max) => [min, max] },
            },
            series: [{}, { scale: "y", paths: () => null, points: { show: false } }],
            axes: [
                axis({ size: 48, space: 64, incrs: TIME_STEPS,
                    values: (self, splits, axisNo, space, step) => times(splits, step) }),
                axis({
                    scale: "y", size: plot.clientWidth < 520 ? 72 : 96, labelSize: 20, labelFont: "12px system-ui, sans-serif",
                    label: plot.clientWidth < 520 ? undefined : "block, and how far into the table",
                    incrs: blockSteps(table.blockSize), space: 44,
                    values: (self, splits) => places(splits, table),
                }),
            ],
            cursor: { drag: { x: true, y: true, uni: 24 }, points: { show: false } },
            hooks: { drawClear: [paint], setCursor: [point] },
        }, [[table.from, table.to], [0, table.extent]]);
        function reset() {
            u.batch(() => {
                u.setScale("x", { min: table.from, max: table.to });
                u.setScale("y", { min: 0, max: table.extent });
            });
        }
        on(select, "change", () => {
            take(select.value);
            u.redraw(false);
        });
        on(card.querySelector("button"), "click", reset);
        on(plot, "mouseleave", () => tip(u, null));
    }

    function bars(fill) {
        return { fill: () => colour(fill), stroke: () => colour(fill), width: 0, points: { show: false },
            paths: uPlot.paths.bars({ size: [0.86, Infinity], align: 0 }) };
    }

    function drawRanges(card, table) {
        const plot = card.querySelector(".ranges");
        const r = table.ranges;
        const tip = tipFor(plot);
        const middle = r.first.map((first, i) => (first + r.last[i] + 1) / 2);
        const u = chart(plot, 240, {
            padding: [12, 16, 0, 0],
            scales: {
                x: { time: false, range: (self, min, max) =>
                    min <= middle[0] && max >= middle[middle.length - 1] ? [0, table.blocks] : [min, max] },
                y: { range: (self, min, max) => [0, Math.max(max, 1) * 1.05] },
            },
            series: [{}, bars("accent"), bars("accent2")],
            axes: [
                axis({ incrs: blockSteps(table.blockSize), space: 72, size: 44,
                    values: (self, splits) => places(splits, table) }),
                axis({ size: 56, values: (self, splits) => splits.map(short) }),
            ],
            cursor: { drag: { x: true, y: false }, y: false, points: { show: false } },
            hooks: { setCursor: [self => {
                const i = self.cursor.left >= 0 ? self.cursor.idx : null;
                tip(self, i === null || i === undefined ? null : [
                    number(r.dead[i]) + " dead tuples on " + number(r.pages[i]) + " pages",
                    number(r.aborted[i]) + " of them rolled back inserts",
                    "blocks " + whole.format(r.first[i]) + " to " + whole.format(r.last[i]),
                ]);
            }] },
        }, [middle, r.dead, r.aborted]);
        on(plot, "mouseleave", () => tip(u, null));
    }

    function drawPareto(card, table) {
        const plot = card.querySelector(".pareto");
        const r = table.ranges;
        const tip = tipFor(plot);
        const order = r.dead.map((dead, i) => i).sort((a, b) => r.dead[b] - r.dead[a] || a - b);
        const total = r.dead.reduce((sum, dead) => sum + dead, 0);
        const dead = order.map(i => r.dead[i]);
        let sum = 0;
        const share = dead.map(d => 100 * (sum += d) / total);
        const at = order.map((range, i) => 100 * (i + 1) / order.length);
        const u = chart(plot, 240, {
            padding: [12, 0, 0, 0],
            scales: {
                x: { time: false, range: (self, min, max) => [Math.max(min, 0), Math.min(max, 100)] },
                y: { range: (self, min, max) => [0, Math.max(max, 1) * 1.05] },
                share: { range: () => [0, 105] },
            },
            series: [
                {},
                Object.assign(bars("accent"), { paths: uPlot.paths.bars({ size: [0.86, Infinity], align: -1 }) }),
                { scale: "share", stroke: () => colour("ink"), width: 2, points: { show: false } },
            ],
            axes: [
                axis({ size: 44, values: (self, splits) => splits.map(x => x + "%\n" + (x === 50 ? "of the table" : "")) }),
                axis({ size: 56, values: (self, splits) => splits.map(short) }),
                axis({ scale: "share", side: 1, size: 56, grid: { show: false }, values: (self, splits) => splits.map(x => x + "%") }),
            ],
            cursor: { drag: { x: true, y: false }, y: false, points: { show: false } },
            hooks: { setCursor: [self => {
                const left = self.cursor.left;
                if (left === undefined || left < 0) {
                    tip(self, null);
                    return;
                }
                const i = Math.min(order.length - 1, Math.max(0, Math.floor(self.posToVal(left, "x") * order.length / 100)));
                tip(self, [
                    share[i].toFixed(1) + "% of the garbage",
                    "on the worst " + at[i].toFixed(1) + "% of the table",
                    "this range: blocks " + whole.format(r.first[order[i]]) + " to " + whole.format(r.last[order[i]]) + ", "
                        + number(dead[i]) + " dead tuples",
                ]);
            }] },
        }, [[0].concat(at), [null].concat(dead), [0].concat(share)]);
        on(plot, "mouseleave", () => tip(u, null));
    }

    // Canvases take megabytes each: of very many cards only those near the window have theirs, and while it is printed all.
    const KEPT_CARDS = 24;
    const drawn = new Map();

    function draw(card) {
        if (drawn.has(card)) {
            return;
        }
        undo = [];
        const table = JSON.parse(document.getElementById(card.dataset.table).textContent);
        if (card.querySelector(".map")) {
            drawMap(card, table);
        }
        if (card.querySelector(".ranges")) {
            drawRanges(card, table);
            drawPareto(card, table);
        }
        drawn.set(card, undo);
        count();
    }
    function remove(card) {
        if (drawn.has(card)) {
            drawn.get(card).forEach(each => each());
            drawn.delete(card);
            count();
        }
    }
    function count() {
        document.documentElement.dataset.charts = String(plots.size);
    }

    const cards = Array.from(document.querySelectorAll(".card[data-table]"));
    const near = new Set();
    const watch = new IntersectionObserver(entries => {
        for (const entry of entries) {
            if (entry.isIntersecting) {
                near.add(entry.target);
                draw(entry.target);
            } else {
                near.delete(entry.target);
                if (!printing) {
                    remove(entry.target);
                }
            }
        }
    }, { rootMargin: "1500px" });
    cards.slice(0, KEPT_CARDS).forEach(draw);
    cards.slice(KEPT_CARDS).forEach(card => watch.observe(card));
    count();

    function redraw() {
        plots.forEach(u => u.redraw(true, true));
    }
    dark.addEventListener("change", redraw);
    window.addEventListener("beforeprint", () => {
        printing = true;
        cards.forEach(draw);
        redraw();
    });
    window.addEventListener("afterprint", () => {
        printing = false;
        cards.slice(KEPT_CARDS).filter(card => !near.has(card)).forEach(remove);
        redraw();
    });
})();
