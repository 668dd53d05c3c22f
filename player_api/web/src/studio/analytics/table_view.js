// The numbers of a chart as a table, made when somebody opens it.
import { html, render } from "lit-html";
import { t } from "./words.js";

/**
 * @param caption what it is
 * @param head column names; the first is that of the row
 * @param rows {() => string[][]} called when it is opened, and again when it is open and the data are others
 */
export class TableView {
  constructor(caption, head, rows) {
    Object.assign(this, { caption, head, rows });
    this.element = document.createElement("details");
    this.element.className = "table-view";
    this.element.addEventListener("toggle", () => this.update());
    this.update();
  }

  update() {
    render(html`<summary>${t("as-table")}</summary>
      ${this.element.open ? scrolled(this.caption, html`<table>
        <caption class="unseen">${this.caption}</caption>
        <thead><tr>${this.head.map((name, place) => html`<th scope="col" class=${place ? "number" : ""}>${name}</th>`)}</tr></thead>
        <tbody>${this.rows().map(([name, ...cells]) => html`<tr><th scope="row">${name}</th>
          ${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>`)}</tbody>
      </table>`) : ""}`, this.element);
  }
}

/** A table that may be wider or longer than its place: it scrolls, by keys as well. */
export const scrolled = (label, table) => html`<div class="scrolled" role="region" tabindex="0" aria-label=${label}>${table}</div>`;
