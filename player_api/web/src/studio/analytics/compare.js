// This video beside another one, or beside an earlier time of its own. What is compared stands in the page's address.
import { html } from "lit-html";
import { clock } from "../../page/dom.js";
import { Chart } from "./chart.js";
import { scrolled, TableView } from "./table_view.js";
import { count, difference, interval, share, span, t } from "./words.js";

const WEEKS = [1, 4, 12, 26];
const DAY_MS = 86_400_000;
const SHARES = new Set(["engagement", "completion_rate", "reached_end_rate"]);
const SPANS = new Set(["watch_content_s", "watch_wall_s"]);

/** The ISO week of a time, in UTC: 2026-W07. It belongs to the year of its Thursday. */
export function isoWeek(time_ms) {
  const day = new Date(time_ms);
  const thursday = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() + 4 - (day.getUTCDay() || 7)));
  const week = Math.ceil(((thursday - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / DAY_MS + 1) / 7);
  return `${thursday.getUTCFullYear()}-W${String(week).padStart(2, "0")}`;
}

export class Comparison {
  #shown = { x: [0], lines: [], names: [], describe: () => "" };

  /** @param video this one; `others` all videos that may be named; `changed` called when something else is to be asked for */
  constructor(video, others, changed) {
    Object.assign(this, { video, others: others.filter((one) => one.id !== video.id), changed });
    const asked = new URLSearchParams(location.search);
    this.other = asked.get("with") ?? "";
    this.weeks = Number(asked.get("weeks")) || 0;
    this.chart = new Chart({
      label: t("compare-label"), height_px: 240, describe: (place) => this.#shown.describe(place),
      move: (place) => (this.readout.textContent = place === null ? t("curve-hint-compare") : this.#shown.describe(place)),
    });
    this.readout = document.createElement("p");
    this.readout.className = "small readout";
    this.readout.textContent = t("curve-hint-compare");
    this.table = new TableView(t("compare-label"), [t("place"), t("this"), t("other"), t("difference"), t("interval-95")],
      () => this.#shown.rows?.() ?? []);
  }

  /** What to ask the API for; undefined: nothing was chosen. */
  get query() {
    if (this.other) return `?with=${encodeURIComponent(this.other)}`;
    return this.weeks ? `?from=${isoWeek(Date.now() - (this.weeks - 1) * 7 * DAY_MS)}` : undefined;
  }

  #choose(other, weeks) {
    Object.assign(this, { other, weeks });
    const address = new URL(location.href);
    for (const [name, value] of [["with", other], ["weeks", weeks]]) {
      if (value) address.searchParams.set(name, value);
      else address.searchParams.delete(name);
    }
    history.replaceState(null, "", address);
    this.changed();
  }

  /** @param answer of the API; undefined: nothing was chosen, or it is not there yet */
  template(answer) {
    return html`<div class="row">
        <label class="field">${t("compare-video")}
          <select name="with" @change=${(event) => this.#choose(event.target.value, 0)}>
            <option value="" ?selected=${!this.other}>${t("none")}</option>
            ${this.others.map((one) => html`<option value=${one.id} ?selected=${one.id === this.other}>${one.title}</option>`)}
          </select></label>
        <label class="field">${t("compare-period")}
          <select name="weeks" @change=${(event) => this.#choose("", Number(event.target.value))}>
            <option value="0" ?selected=${!this.weeks}>${t("none")}</option>
            ${WEEKS.map((one) => html`<option value=${one} ?selected=${one === this.weeks}>${t("weeks", { n: one })}</option>`)}
          </select></label>
      </div>
      ${answer?.data ? (answer.data.videos ? this.#videos(answer.data.videos) : this.#periods(answer.data.periods)) : ""}`;
  }

  #videos({ compared }) {
    if (!compared) return html`<p class="empty">${t("other-too-few")}</p>`;
    const { slices, figures } = compared;
    const title = this.others.find((one) => one.id === this.other)?.title ?? this.other;
    this.#draw({
      x: [...slices.map((one) => one.from), 1], lines: [slices.map((one) => one.this), slices.map((one) => one.other)],
      range: [0, 1.04], x_label: share, y_label: share,
      describe: (place) => {
        const one = slices[place];
        return t("compared-at", { place: share(one.from), one: share(one.this), other: share(one.other),
          difference: difference(one.difference, true), interval: interval(one.low, one.high) });
      },
      rows: () => slices.map((one) => [share(one.from), share(one.this), share(one.other), difference(one.difference, true),
        interval(one.low, one.high)]),
    });
    return html`${this.#chartWith(this.video.title, title)}
      <p class="quiet">${t("compare-videos-means")}</p> ${this.#figures(figures, title)}`;
  }

  #periods({ weeks, before, weeks_left_out, plays, plays_before, figures }) {
    const periods = t("periods", { from: weeks[0], to: weeks.at(-1), from_before: before[0], to_before: before.at(-1) });
    const either = plays ?? plays_before;
    if (either) {
      const nothing = either.map(() => 0);
      const [one, other] = [plays ?? nothing, plays_before ?? nothing];
      this.#draw({
        x: [...either.keys(), either.length], lines: [one, other], range: [0, Math.max(1, ...one, ...other) * 1.05],
        x_label: clock, y_label: count,
        describe: (place) => t("plays-at", { time: clock(place), one: count(plays?.[place]), other: count(plays_before?.[place]) }),
        rows: () => one.map((_value, place) => [clock(place), count(plays?.[place]), count(plays_before?.[place]),
          plays && plays_before ? difference(plays[place] - plays_before[place]) : count(null), ""]),
      });
    }
    return html`<p>${periods}</p>
      ${either ? this.#chartWith(t("these-weeks"), t("weeks-before")) : html`<p class="empty">${t("periods-too-few")}</p>`}
      ${weeks_left_out.length ? html`<p class="quiet">${t("weeks-left-out", { weeks: weeks_left_out.join(", ") })}</p>` : ""}
      <p class="quiet">${t("compare-periods-means")}</p> ${this.#figures(figures, t("weeks-before"))}`;
  }

  #draw({ x, lines: [one, other], ...how }) {
    this.#shown = how;
    this.chart.set({ ...how, x, lines: [{ name: t("this"), values: one, colour: "--series-1" },
      { name: t("other"), values: other, colour: "--series-2", dash: [6, 4] }] });
    this.table.update();
  }

  #chartWith(one, other) {
    return html`${this.chart.element}
      <p class="small legend"><span class="key one">${one}</span> <span class="key two">${other}</span></p>
      ${this.readout} ${this.table.element}`;
  }

  #figures(figures, other) {
    const shown = (name, value) => (SHARES.has(name) ? share(value) : SPANS.has(name) ? span(value) : count(value));
    return scrolled(t("compare-figures"), html`<table>
      <thead><tr><th scope="col">${t("figure")}</th><th scope="col" class="number">${t("this")}</th>
        <th scope="col" class="number">${other}</th><th scope="col" class="number">${t("difference")}</th>
        <th scope="col" class="number">${t("interval-95")}</th><th scope="col">${t("what-it-says")}</th></tr></thead>
      <tbody>${figures.map(({ name, this: one, other: its, difference: by, low, high }) => html`<tr>
        <th scope="row">${t(`figure-${name}`)}</th><td class="number">${shown(name, one)}</td><td class="number">${shown(name, its)}</td>
        <td class="number">${SPANS.has(name) ? t("seconds", { n: difference(by) }) : difference(by, SHARES.has(name))}</td>
        <td class="number">${interval(low, high)}</td>
        <td>${by === null ? t("not-known") : typeof low !== "number" ? t("a-count") : t(low <= 0 && high >= 0 ? "may-be-chance" : "clear")}</td>
      </tr>`)}</tbody></table>`);
  }
}
