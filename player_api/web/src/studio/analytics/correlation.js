// Which watching goes with results of assessments, in the cautious words of the API.
import { html } from "lit-html";
import { scrolled } from "./table_view.js";
import { count, t } from "./words.js";

const ENOUGH = 30; // learners, from which on coefficients are shown (docs/metrics.md)
const between = (low, high) => (low === null ? "" : t("interval", { low: count(low, 2), high: count(high, 2) }));

/** @param correlation as the API answers */
export function correlation({ data }) {
  const left_out = Object.entries(data.left_out ?? {}).filter(([, number]) => number);
  return html`<p class="notice">${data.note}</p>
    ${data.enough ? html`
      <p class="quiet">${t("rests-on", { learners: data.n_learners, results: data.n_results, items: data.n_items })}</p>
      ${scrolled(t("table-of", { name: t("correlation") }), html`<table>
        <thead><tr><th scope="col">${t("watching")}</th><th scope="col" class="number">${t("rho")}</th>
          <th scope="col" class="number">${t("fisher")}</th><th scope="col" class="number">${t("bootstrap")}</th>
          <th scope="col">${t("what-it-says")}</th></tr></thead>
        <tbody>${data.factors.map((one) => html`<tr><th scope="row">${t(`factor-${one.name}`)}</th>
          <td class="number">${count(one.rho, 2)}</td><td class="number">${between(one.low, one.high)}</td>
          <td class="number">${between(one.drawn_low, one.drawn_high)}</td>
          <td>${t(one.rho === null ? "not-known" : one.clear ? "association" : "may-be-chance")}</td></tr>`)}</tbody>
      </table>`)}` : html`<p class="empty">${data.n_learners
        ? t("results-too-few", { n: data.n_learners, more: ENOUGH - data.n_learners, enough: ENOUGH }) : t("no-results", { enough: ENOUGH })}</p>`}
    ${left_out.length ? html`<p class="small quiet">${t("left-out")}</p>
      <ul class="small quiet">${left_out.map(([why, number]) => html`<li>${t(`left-out-${why}`, { n: number })}</li>`)}</ul>` : ""}`;
}
