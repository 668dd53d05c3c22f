// Groups of learners over each other. Which ones are chosen stands in the page's address.
import { html } from "lit-html";
import { clock } from "../../page/dom.js";
import { Chart } from "./chart.js";
import { scrolled, TableView } from "./table_view.js";
import { count, difference, interval, share, span, t } from "./words.js";

const MOST = 4; // colours that can be told apart
const LINES = [["--series-1"], ["--series-2", [6, 4]], ["--series-3", [2, 3]], ["--series-4", [10, 3, 2, 3]]];
const SHARES = ["engagement", "completion_rate", "reached_end_rate"];
const BOUNDS = { completion_rate: ["low", "high"], reached_end_rate: ["reached_end_low", "reached_end_high"] };

export class Cohorts {
  #shown = [];

  /** @param changed called when other groups are to be asked for */
  constructor(changed) {
    this.changed = changed;
    this.chosen = new URLSearchParams(location.search).getAll("cohort").slice(0, MOST);
    this.chart = new Chart({
      label: t("cohorts-label"), height_px: 240, describe: (second) => this.#describe(second),
      move: (second) => (this.readout.textContent = second === null ? t("curve-hint-compare") : this.#describe(second)),
    });
    this.readout = document.createElement("p");
    this.readout.className = "small readout";
    this.readout.textContent = t("curve-hint-compare");
    this.table = new TableView(t("cohorts-label"), [], () => this.#rows());
  }

  /** What to ask the API for. */
  get query() {
    return this.chosen.length ? `?${this.chosen.map((tag) => `tag=${encodeURIComponent(tag)}`).join("&")}` : "";
  }

  #choose(tag, wanted) {
    this.chosen = wanted ? [...this.chosen, tag] : this.chosen.filter((one) => one !== tag);
    const address = new URL(location.href);
    address.searchParams.delete("cohort");
    for (const one of this.chosen) address.searchParams.append("cohort", one);
    history.replaceState(null, "", address);
    this.changed();
  }

  /** @param answer of the API; `everybody` the retention of all learners */
  set({ data }, everybody) {
    this.#shown = data.cohorts.filter((one) => one.data);
    if (!this.#shown.length) return;
    this.everybody = everybody;
    const retention = everybody.map((value, second) => Math.max(value, ...this.#shown.map((one) => one.data.retention[second] ?? 0)));
    this.chart.set({
      x: [...everybody.keys(), everybody.length],
      lines: [{ name: t("everybody"), values: everybody, colour: "--quiet", dash: [1, 4] },
        ...this.#shown.map(({ tag, data: its }, place) => ({ name: tag, values: its.retention, colour: LINES[place][0], dash: LINES[place][1] }))],
      range: [0, Math.max(1.04, ...retention)], x_label: clock, y_label: share,
    });
    this.table.head = [t("time"), ...this.#shown.map((one) => one.tag), t("everybody")];
    this.table.update();
  }

  /** @param answer of the API */
  template({ data }) {
    const { tags, cohorts } = data;
    if (!tags.length) return html`<p class="empty">${t("no-cohorts")}</p>`;
    const held_back = cohorts.filter((one) => !one.data);
    return html`<p class="quiet">${t("cohorts-mean")}</p>
      <fieldset class="choices"><legend>${t("choose-cohorts", { most: MOST })}</legend>${tags.map(({ tag, n_learners }) => html`
        <label><input type="checkbox" name="cohort" value=${tag} .checked=${this.chosen.includes(tag)}
          ?disabled=${!this.chosen.includes(tag) && (n_learners === null || this.chosen.length >= MOST)}
          @change=${(event) => this.#choose(tag, event.target.checked)}>
          ${tag} <span class="small quiet">${n_learners === null ? t("cohort-held-back") : t("n-learners", { n: n_learners })}</span></label>`)}
      </fieldset>
      ${held_back.map((one) => html`<p class="notice">${t(`cohort-${one.suppressed}`, { tag: one.tag })}</p>`)}
      ${this.#shown.length ? html`${this.chart.element}
        <p class="small legend"><span class="key all">${t("everybody")}</span>
          ${this.#shown.map((one, place) => html`<span class="key ${["one", "two", "three", "four"][place]}">${one.tag}</span>`)}</p>
        ${this.readout} ${this.table.element} ${this.#figures(cohorts[0])}` : ""}`;
  }

  #describe(second) {
    if (!this.#shown.length) return t("loading");
    return [clock(second), ...this.#shown.map((one) => t("cohort-at", { tag: one.tag, share: share(one.data.retention[second]) })),
      t("cohort-at", { tag: t("everybody"), share: share(this.everybody[second]) })].join(" · ");
  }

  #rows() {
    return this.everybody.map((all, second) => [clock(second), ...this.#shown.map((one) => share(one.data.retention[second])), share(all)]);
  }

  #figures(first) {
    const cells = (show) => this.#shown.map((one) => html`<td class="number">${show(one)}</td>`);
    const of = (one, name) => html`${share(one.data[name])} <span class="small quiet">${
      BOUNDS[name] ? interval(...BOUNDS[name].map((bound) => one.data[bound])) : ""}</span>`;
    const compared = this.#shown.filter((one) => one !== first);
    return html`${scrolled(t("cohort-figures"), html`<table>
      <thead><tr><th scope="col">${t("figure")}</th>${this.#shown.map((one) => html`<th scope="col" class="number">${one.tag}</th>`)}</tr></thead>
      <tbody>
        <tr><th scope="row">${t("learners")}</th>${cells((one) => count(one.n_learners))}</tr>
        <tr><th scope="row">${t("watch-time")}</th>${cells((one) => span(one.data.watch_content_s))}</tr>
        ${SHARES.map((name) => html`<tr><th scope="row">${t(`figure-${name}`)}</th>${cells((one) => of(one, name))}</tr>`)}
      </tbody></table>`)}
      ${first.data && compared.length ? html`<ul class="against">${compared.map((one) => html`<li>${one.differences
        ? html`${t("cohort-against", { tag: one.tag, first: first.tag })} ${one.differences.map((line) => html`<br>${t(`figure-${line.name}`)}:
          ${difference(line.difference, true)} (${interval(line.low, line.high)}). ${t(line.low <= 0 && line.high >= 0 ? "may-be-chance" : "clear")}`)}`
        : t("cohorts-overlap", { tag: one.tag, first: first.tag })}</li>`)}</ul>` : ""}`;
  }
}
