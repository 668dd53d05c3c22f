// Who still watches, second by second, with what is watched again, chapters and slides on the same axis.
import { html } from "lit-html";
import { clock } from "../../page/dom.js";
import { Chart } from "./chart.js";
import { TableView } from "./table_view.js";
import { count, share, t } from "./words.js";

const ROWS = 200; // of the table, at most
const HEAT = [-0.04, -0.1]; // below zero, where no share can be
const SLIDES = [-0.13, -0.16];

export class RetentionCurve {
  #data;

  /** @param side the video beside it (side.js); `content` what is said and shown when */
  constructor(side, content) {
    this.content = content;
    this.chart = new Chart({
      label: t("curve-label"), height_px: 320,
      describe: (second) => this.#describe(second),
      move: (second) => {
        side.show(second);
        this.readout.textContent = second === null ? t("curve-hint") : this.#describe(second);
      },
      choose: (second) => side.playFrom(second),
    });
    this.readout = document.createElement("p");
    this.readout.className = "small readout";
    this.readout.textContent = t("curve-hint");
    this.table = new TableView(t("curve-label"), [t("time"), t("retention"), t("plays-a-view"), t("replays"), t("rewatchers")],
      () => this.#rows());
  }

  /** @param retention, rewatch as the API answers */
  set({ data: { retention, absolute } }, { data: { replays, rewatchers } }) {
    this.#data = { retention, absolute, replays, rewatchers };
    const most = Math.max(...replays);
    const { chapters, slides } = this.content;
    this.chart.set({
      x: [...retention.keys(), retention.length],
      lines: [{ name: t("retention"), values: retention, colour: "--series-1", fill: true }],
      range: [-0.18, chapters.length ? 1.15 : 1.04], // chapters' titles stand above the curve
      splits: [0, 0.25, 0.5, 0.75, 1],
      x_label: clock, y_label: share,
      under: (context, at, colour) => {
        context.fillStyle = colour("--series-2");
        replays.forEach((value, second) => {
          if (!value) return;
          const [[left, top], [right, bottom]] = [at(second, HEAT[0]), at(second + 1, HEAT[1])];
          context.globalAlpha = 0.25 + (0.75 * value) / most;
          context.fillRect(left, top, right - left, bottom - top);
        });
        context.globalAlpha = 1;
        context.fillStyle = colour("--series-3");
        for (const { start_s } of slides) {
          const [[left, top], [, bottom]] = [at(start_s, SLIDES[0]), at(start_s, SLIDES[1])];
          context.fillRect(left, top, 2 * devicePixelRatio, bottom - top);
        }
        context.fillStyle = colour("--quiet");
        context.font = `${12 * devicePixelRatio}px ${colour("--font")}`;
        context.textAlign = "left";
        context.textBaseline = "alphabetic";
        chapters.forEach(({ start_s, title }, place) => {
          const [[left, top], [, bottom]] = [at(start_s, 1.04), at(start_s, 0)];
          const [right] = at(chapters[place + 1]?.start_s ?? retention.length, 0);
          context.globalAlpha = 0.5;
          context.fillRect(left, top, devicePixelRatio, bottom - top);
          context.globalAlpha = 1;
          writeIn(context, title, left + 4 * devicePixelRatio, top + 12 * devicePixelRatio, right);
        });
      },
    });
    this.table.update();
  }

  #describe(second) {
    if (!this.#data) return t("loading");
    const { retention, replays } = this.#data;
    return [
      t("at-second", { time: clock(second), share: share(retention[second]) }),
      replays[second] ? t("replays-here", { n: count(replays[second], 2) }) : "",
      this.content.chapter(second)?.title, this.content.slide(second)?.title,
      quoted(this.content.said(second, second + 1)),
    ].filter(Boolean).join(" · ");
  }

  #rows() {
    if (!this.#data) return [];
    const { retention, absolute, replays, rewatchers } = this.#data;
    const every = Math.ceil(retention.length / ROWS);
    return retention.map((value, second) => [clock(second), share(value), count(absolute?.[second], 2), count(replays[second], 2),
      share(rewatchers[second])]).filter((_row, second) => second % every === 0);
  }

  get template() {
    const { chapters, slides } = this.content;
    const replayed = this.#data?.replays.some(Boolean);
    return html`${this.chart.element}
      <p class="small legend">
        <span class="key one">${t("retention-means")}</span>
        ${replayed ? html`<span class="key two">${t("heat-means", { n: count(Math.max(...this.#data.replays), 2) })}</span>` : ""}
        ${slides.length ? html`<span class="key three">${t("slides-mark", { n: slides.length })}</span>` : ""}
        ${chapters.length ? html`<span class="key line">${t("chapters-mark", { n: chapters.length })}</span>` : ""}
      </p>
      ${this.readout} ${this.table.element}`;
  }
}

export const quoted = (text) => (text ? t("quoted", { text }) : "");

// As much of a title as there is room for; nothing, where that is too little to tell which it is.
function writeIn(context, title, left, top, right) {
  let text = title;
  while (text.length > 3 && context.measureText(text).width > right - left) text = `${text.slice(0, -2).trimEnd()}…`;
  if (text.length > 3 || text === title) context.fillText(text, left, top);
}
