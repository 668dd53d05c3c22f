// Who watches now: viewers by ten seconds over the last quarter of an hour, who came and went, how it plays for them and
// where they are. For the analytics of a video and for the page of a live stream.
import { html } from "lit-html";
import { clock } from "../../page/dom.js";
import { language, numberOf, percentOf, wordsOf } from "../../page/words.js";
import english from "../../words/live_now/en.ftl";
import { Chart } from "./chart.js";

const t = await wordsOf(english, { de: () => import("../../words/live_now/de.ftl") });
const NOTHING = "–";
const TIME = new Intl.DateTimeFormat(language, { timeStyle: "medium" });
const one = (value, show) => (value === null || value === undefined ? NOTHING : show(value));
const tenths = (value) => t("seconds", { n: numberOf(Math.round(value * 10) / 10) });

export class LiveNow {
  #bins = [];
  #now = null;

  constructor() {
    this.viewers = new Chart({
      label: t("viewers-label"), height_px: 200, describe: (place) => this.#bin(place),
      move: (place) => (this.readout.textContent = place === null ? t("hint") : this.#bin(place)),
    });
    this.places = new Chart({ label: t("places-label"), height_px: 120, describe: (place) => this.#place(place) });
    this.readout = document.createElement("p");
    this.readout.className = "small readout";
    this.readout.textContent = t("hint");
    this.answer = null;
  }

  /** @param answer of the API; null: it was not asked yet */
  set(answer) {
    this.answer = answer;
    if (!answer?.data) return;
    const { bins, bin_s, now } = answer.data;
    Object.assign(this, { bin_s });
    this.#bins = bins;
    this.#now = now;
    const most = Math.max(4, ...bins.map((bin) => bin.viewers ?? 0));
    this.viewers.set({
      x: [...bins.keys(), bins.length].map((place) => ((place - bins.length) * bin_s) / 60),
      lines: [{ name: t("viewers"), values: bins.map((bin) => bin.viewers), colour: "--series-1", fill: true }],
      range: [0, most * 1.1], x_label: (minutes) => (minutes ? t("minutes-ago", { n: numberOf(-minutes) }) : t("now")),
      y_label: (value) => (Number.isInteger(value) ? numberOf(value) : ""),
    });
    if (!now?.places.length) return;
    this.places.set({
      x: [...now.places.keys(), now.places.length].map((place) => place * now.place_s),
      lines: [{ name: t("viewers"), values: now.places, colour: "--series-2", fill: true }],
      range: [0, Math.max(4, ...now.places) * 1.1], x_label: clock, y_label: (value) => (Number.isInteger(value) ? numberOf(value) : ""),
    });
  }

  get template() {
    if (!this.answer) return html`<p class="quiet" role="status">${t("loading")}</p>`;
    const { data, suppressed, as_of, on_air } = this.answer;
    if (!data) return html`<p class="empty">${t("too-few-viewers", { k: suppressed.k })}</p>`;
    return html`
      ${this.#now ? figures(this.#now, on_air) : html`<p class="quiet">${t("too-few-now")}</p>`}
      ${this.viewers.element} ${this.readout}
      ${this.#now?.places.length > 1 ? html`<h3>${t("places")}</h3><p class="small quiet">${t("places-mean")}</p>${this.places.element}` : ""}
      ${this.#now?.behind && on_air ? behind(this.#now) : ""}
      <p class="small quiet">${t("as-of-now", { time: TIME.format(new Date(as_of)) })}</p>`;
  }

  #bin(place) {
    const bin = this.#bins[place];
    if (!bin) return t("loading");
    const ago = Math.max(0, Math.round(((this.#bins.length - 1 - place) * this.bin_s) / 6) / 10);
    const when = ago ? t("bin-before", { n: numberOf(ago) }) : t("bin-now");
    if (bin.viewers === null) return t("few-at", { when });
    return t("at-bin", { when, viewers: bin.viewers, joined: bin.joined, left: bin.left,
      stalled: one(bin.rebuffer_ratio, percentOf) });
  }

  #place(place) {
    const { places, place_s } = this.#now;
    return t("at-place", { from: clock(place * place_s), to: clock((place + 1) * place_s), viewers: places[place] ?? 0 });
  }
}

const figure = (name, shown, more = "") => html`<div class="card figure"><dt>${t(name)}</dt>
  <dd><strong>${shown}</strong> ${more ? html`<span class="small quiet">${more}</span>` : ""}</dd></div>`;

function figures(now, on_air) {
  return html`<dl class="figures">
    ${figure("viewers", numberOf(now.viewers))}
    ${figure("came", numberOf(now.joined), t("five-minutes"))}
    ${figure("went", numberOf(now.left), t("five-minutes"))}
    ${figure("stalled", one(now.rebuffer_ratio, percentOf), t("one-minute"))}
    ${on_air ? figure("latency", one(now.behind_p50_s, tenths), now.behind_p95_s === null ? "" : t("within", { time: tenths(now.behind_p95_s) })) : ""}
  </dl>`;
}

const behind = ({ behind: lines, n_behind }) => html`
  <h3>${t("behind")}</h3>
  <table class="behind"><thead><tr><th scope="col">${t("behind-by")}</th><th scope="col" class="number">${t("viewers")}</th>
    <th scope="col" class="number">${t("share")}</th></tr></thead>
    <tbody>${lines.map(({ from_s, to_s, viewers }) => html`<tr><th scope="row">${
      from_s === 0 ? t("at-the-edge", { to: to_s }) : to_s === null ? t("more-than", { from: clock(from_s) })
        : t("between", { from: clock(from_s), to: clock(to_s) })}</th>
      <td class="number">${numberOf(viewers)}</td><td class="number">${percentOf(viewers / n_behind)}</td></tr>`)}</tbody></table>`;
