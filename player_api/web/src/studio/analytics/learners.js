// The learners of one video, by their pseudonyms: what each has seen of it, and where they go on.
import { html } from "lit-html";
import { api } from "../../page/api.js";
import { clock } from "../../page/dom.js";
import { dateTimeOf } from "../../page/words.js";
import { scrolled } from "./table_view.js";
import { share, span, t } from "./words.js";

const PAGE = 50; // learners at a time
const SHORT = 8; // digits of a pseudonym that people tell apart
const COLUMNS = [["progress", "seen-of-it"], ["replayed_s", "replayed"], [null, "goes-on"], ["last_seen_at", "last-seen"],
  ["score", "results"]];

export class Learners {
  #found = null;
  #sort = "last_seen_at";
  #order = "desc";
  #pages = 1;

  /** @param address of the API; `side` the video beside the curve; `draw` shows the page anew, `failed` a Problem */
  constructor(address, side, draw, failed) {
    Object.assign(this, { address, side, draw, failed });
  }

  /** The address of all of them in the order that is shown. */
  get query() {
    return `${this.address}?sort=${this.#sort}&order=${this.#order}`;
  }

  /** Asks for as many pages as are shown. */
  async load() {
    const { query } = this;
    let found;
    for (let page = 0; page < this.#pages; page += 1) {
      const after = found ? `&cursor=${encodeURIComponent(found.next_cursor)}` : "";
      const { data } = await api(`${query}&limit=${PAGE}${after}`);
      if (!data) return; // fewer than k: the page says so
      found = { ...data, items: [...(found?.items ?? []), ...data.items] };
      if (!found.next_cursor) break;
    }
    if (query === this.query) this.#found = found; // else another order was asked for meanwhile
  }

  #show() {
    this.load().then(this.draw, this.failed);
  }

  #sortBy(column) {
    this.#order = this.#sort === column && this.#order === "desc" ? "asc" : "desc";
    this.#sort = column;
    this.#show();
  }

  get template() {
    if (!this.#found?.items.length) return html`<p class="empty">${t("no-learners")}</p>`;
    const { items, next_cursor } = this.#found;
    return html`<p class="quiet">${t("by-learner-means")}</p>
      ${scrolled(t("table-of", { name: t("by-learner") }), html`<table class="learners" role="table">
        <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">${t("learner")}</th>
          ${COLUMNS.map(([column, name]) => this.#head(column, t(name)))}</tr></thead>
        <tbody role="rowgroup">${items.map((one) => this.#row(one))}</tbody></table>`)}
      ${next_cursor ? html`<p><button type="button" @click=${() => {
        this.#pages += 1;
        this.#show();
      }}>${t("more")}</button></p>` : ""}`;
  }

  #head(column, name) {
    if (!column) return html`<th scope="col" role="columnheader" class="number">${name}</th>`;
    const sorted = this.#sort === column;
    return html`<th scope="col" role="columnheader" class="number" aria-sort=${sorted ? (this.#order === "asc" ? "ascending" : "descending") : "none"}>
      <button type="button" class="plain" @click=${() => this.#sortBy(column)}>${name}
        <span aria-hidden="true">${sorted ? (this.#order === "asc" ? "▲" : "▼") : ""}</span></button></th>`;
  }

  #row(one) {
    const short = one.learner.slice(0, SHORT);
    const cells = [
      share(one.progress), span(one.replayed_s),
      one.completed ? t("seen-all") : html`<button type="button" class="plain"
        @click=${() => this.side.playFrom(one.resume_s)} aria-label=${t("play-from", { time: clock(one.resume_s) })}>▶ ${
          clock(one.resume_s)}</button>`,
      one.last_seen_at ? dateTimeOf(one.last_seen_at) : "",
      one.results ? t("results-of", { share: share(one.score), n: one.results }) : share(null)];
    // On a phone each learner is a block of lines, each with its name (analytics.css); roles say that it is a table still.
    return html`<tr role="row">
      <th scope="row" role="rowheader"><code title=${one.learner}>${short}</code></th>
      ${cells.map((cell, place) => html`<td role="cell" class="number" data-name=${t(COLUMNS[place][1])}>${cell}</td>`)}</tr>`;
  }
}
