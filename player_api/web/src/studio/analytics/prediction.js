// Where learners will probably leave, as a band, with what was seen so far.
import { html } from "lit-html";
import { clock } from "../../page/dom.js";
import { Chart } from "./chart.js";
import { TableView } from "./table_view.js";
import { count, interval, share, t } from "./words.js";

export class Prediction {
  #parts = [];

  /** @param side the video beside the curve */
  constructor(side) {
    this.chart = new Chart({
      label: t("prediction-label"), height_px: 200,
      describe: (part) => this.#describe(part),
      move: (part) => {
        side.show(part === null ? null : this.#parts[part].start_s);
        this.readout.textContent = part === null ? t("curve-hint") : this.#describe(part);
      },
      choose: (part) => side.playFrom(this.#parts[part].start_s),
    });
    this.readout = document.createElement("p");
    this.readout.className = "small readout";
    this.readout.textContent = t("curve-hint");
    this.table = new TableView(t("prediction-label"), [t("from-to"), t("lost"), t("band"), t("foretold"), t("seen-so-far")],
      () => this.#parts.map((one) => [`${clock(one.start_s)}–${clock(one.end_s)}`, share(one.lost), interval(one.low, one.high),
        share(one.foretold), share(one.seen)]));
  }

  /** @param answer of the API */
  set({ data: { parts } }) {
    this.#parts = parts;
    const of = (name, values, colour, more) => ({ name, values, colour, ...more });
    const top = Math.max(0.05, ...parts.map((one) => Math.max(one.high, one.seen ?? 0)));
    this.chart.set({
      x: [...parts.map((one) => one.start_s), parts.at(-1).end_s],
      lines: [
        of(t("band"), parts.map((one) => one.high), "--series-3"), of(t("band"), parts.map((one) => one.low), "--series-3"),
        of(t("lost"), parts.map((one) => one.lost), "--series-1"),
        of(t("seen-so-far"), parts.map((one) => one.seen), "--series-2", { dash: [6, 4] })],
      bands: [[0, 1]], range: [0, top * 1.05], x_label: clock, y_label: share,
    });
    this.table.update();
  }

  #describe(place) {
    const part = this.#parts[place];
    if (!part) return t("loading");
    return [t("will-leave", { time: clock(part.start_s), share: share(part.lost), interval: interval(part.low, part.high) }),
      part.seen === null ? "" : t("seen-here", { share: share(part.seen) }), ...part.reasons.map((one) => one.text)]
      .filter(Boolean).join(" · ");
  }

  template({ data }) {
    return html`<p class="quiet">${data.note}</p>
      ${this.chart.element}
      <p class="small legend"><span class="key one">${t("lost")}</span> <span class="key three">${t("band")}</span>
        <span class="key two">${t("seen-so-far")}</span>
        ${data.level === null ? "" : t("level", { n: count(data.level, 2) })}</p>
      ${this.readout} ${this.table.element}`;
  }
}
