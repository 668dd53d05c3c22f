// A chart over the time of a video (or over its parts): a line a series, bands between two, marks under it. The pointer and
// the arrow keys move one cursor; to a screen reader it is a slider that says what is there.
import uPlot from "uplot";

const TICK_PX = 14;
const FINE = 200; // steps at most that the arrow keys need from one end to the other, by Page Up and Page Down 10

const value = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const schemes = matchMedia("(prefers-color-scheme: dark)");

export class Chart {
  #plot;
  #given;
  #place = null; // index of the second the cursor is at

  /**
   * @param how label: its name; height_px; describe(index): a sentence on what is there; move(index | null) and
   *   choose(index), both optional: the cursor is somewhere else, somebody wants to go there
   */
  constructor(how) {
    this.how = how;
    this.element = document.createElement("div");
    this.element.className = "chart";
    for (const [name, text] of Object.entries({
      role: "slider", tabindex: "0", "aria-label": how.label, "aria-orientation": "horizontal", "aria-valuemin": "0" })) {
      this.element.setAttribute(name, text);
    }
    this.element.style.height = `${how.height_px}px`;
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("blur", () => this.go(null));
    new ResizeObserver(() => this.#draw()).observe(this.element);
    schemes.addEventListener("change", () => this.#draw());
  }

  /**
   * @param given x: edges, one more than there are values; lines: [{name, values, colour, dash?, fill?}];
   *   bands: [[upper, lower]] by place in lines; range: [low, high] and splits of y; x_label(value), y_label(value);
   *   under(context, at): draws marks below zero, `at(x, y)` being the place on the canvas
   */
  set(given) {
    this.#given = given;
    this.#draw();
  }

  get steps() {
    return this.#given ? this.#given.x.length - 1 : 0;
  }

  /** Moves the cursor; null takes it away. */
  go(index) {
    if (!this.#plot || (index === null && this.#place === null)) return;
    if (index === null) return this.#plot.setCursor({ left: -10, top: -10 });
    const { x } = this.#given;
    const place = Math.min(Math.max(index, 0), this.steps - 1);
    this.#plot.setCursor({ left: this.#plot.valToPos((x[place] + x[place + 1]) / 2, "x"), top: 1 });
  }

  #key(event) {
    const now = this.#place ?? -1;
    const far = Math.max(1, Math.round(this.steps / FINE)) * 10;
    const to = { ArrowRight: now + 1, ArrowUp: now + 1, ArrowLeft: now - 1, ArrowDown: now - 1, PageUp: now + far,
      PageDown: now - far, Home: 0, End: this.steps - 1 }[event.key];
    if (to !== undefined) this.go(to);
    else if ((event.key === "Enter" || event.key === " ") && this.#place !== null) this.how.choose?.(this.#place);
    else return;
    event.preventDefault();
  }

  #moved(plot) {
    const { left } = plot.cursor;
    const at = left >= 0 ? plot.posToVal(left, "x") : null;
    const place = at === null ? null : Math.max(0, Math.min(this.steps - 1, this.#given.x.findLastIndex((edge) => edge <= at)));
    if (place === this.#place) return;
    this.#place = place;
    this.#say();
    this.how.move?.(place);
  }

  #say() {
    this.element.setAttribute("aria-valuemax", Math.max(0, this.steps - 1));
    this.element.setAttribute("aria-valuenow", this.#place ?? 0);
    this.element.setAttribute("aria-valuetext", this.how.describe(this.#place ?? 0));
  }

  #draw() {
    const width = this.element.clientWidth;
    if (!this.#given || !width) return;
    const place = this.#place;
    this.#plot?.destroy();
    this.#place = null;
    this.#plot = new uPlot(this.#options(width), this.#table(), this.element);
    this.#plot.over.addEventListener("click", () => this.#place !== null && this.how.choose?.(this.#place));
    this.#say();
    if (place !== null) this.go(place);
  }

  // Steps: what is true of a second is true up to its end, where the last value stands again.
  #table() {
    return [this.#given.x, ...this.#given.lines.map(({ values }) => [...values, values.at(-1)])];
  }

  #options(width) {
    const { lines, bands = [], range, splits, x_label, y_label, under } = this.#given;
    const axis = { stroke: value("--quiet"), grid: { stroke: value("--line-quiet"), width: 1 }, ticks: { show: false },
      font: `12px ${value("--font")}` };
    return {
      width, height: this.how.height_px, legend: { show: false },
      scales: { x: { time: false, range: (_plot, low, high) => [low, high] }, y: { range: () => range } },
      axes: [
        { ...axis, size: 28, space: 70, values: (_plot, all) => all.map(x_label) },
        { ...axis, size: 52, splits: splits && (() => splits), values: (_plot, all) => all.map(y_label) }],
      series: [{}, ...lines.map(({ name, colour, dash, fill }) => ({
        label: name, stroke: value(colour), width: 2, dash, fill: fill ? `${value(colour)}26` : undefined,
        paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } }))],
      bands: bands.map(([upper, lower]) => ({ series: [upper + 1, lower + 1], fill: `${value(lines[upper].colour)}33` })),
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 8 } },
      padding: [TICK_PX / 2, TICK_PX, 0, 0],
      hooks: {
        setCursor: [(plot) => this.#moved(plot)],
        draw: [(plot) => under?.(plot.ctx, (x, y) => [plot.valToPos(x, "x", true), plot.valToPos(y, "y", true)], value)],
      },
    };
  }
}
