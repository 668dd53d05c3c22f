// How well it played, over a period that can be chosen.
import { html } from "lit-html";
import { figure } from "./figures.js";
import { scrolled } from "./table_view.js";
import { dateTimeOf } from "../../page/words.js";
import { count, share, span, t } from "./words.js";

const DAYS = [1, 7, 30, 90];
export const USUAL_DAYS = 7;

/** What to ask the API for, of the last days. */
export const since = (days) => `?from=${encodeURIComponent(new Date(Date.now() - days * 86_400_000).toISOString())}`;

/**
 * @param qoe as the API answers
 * @param choose called with the days of another period
 */
export const quality = ({ data }, days, choose) => html`
  <label class="row">${t("period")}
    <select @change=${(event) => choose(Number(event.target.value))}>
      ${DAYS.map((one) => html`<option value=${one} ?selected=${one === days}>${t("last-days", { days: one })}</option>`)}
    </select></label>
  ${data.views || data.starts ? html`<dl class="figures">
    ${figure("startup", "qoe", span(data.startup_p50_s), t("startup-p95", { time: span(data.startup_p95_s) }))}
    ${figure("rebuffering", "qoe", share(data.rebuffer_ratio), t("an-hour", { n: count(data.rebuffers_per_hour, 1) }))}
    ${figure("height", "qoe", data.height_px ? `${count(data.height_px)}p` : count(null),
      data.bitrate_kbps ? t("kbps", { n: count(data.bitrate_kbps) }) : "")}
    ${figure("switches", "qoe", count(data.switches_per_hour, 1))}
    ${figure("errors", "qoe", share(data.fatal_error_rate), t("of-views", { n: data.views }))}
  </dl>
  ${data.hours.length ? html`<details class="table-view"><summary>${t("by-hour")}</summary>
    ${scrolled(t("by-hour"), html`<table>
      <thead><tr><th scope="col">${t("hour")}</th>
        ${["views", "startup", "rebuffering", "errors"].map((one) => html`<th scope="col" class="number">${t(one)}</th>`)}</tr></thead>
      <tbody>${data.hours.map((one) => html`<tr><th scope="row">${dateTimeOf(one.hour)}</th>
        <td class="number">${count(one.views)}</td><td class="number">${span(one.startup_p50_s)}</td>
        <td class="number">${share(one.rebuffer_ratio)}</td><td class="number">${share(one.fatal_error_rate)}</td></tr>`)}</tbody>
    </table>`)}</details>` : ""}`
    : html`<p class="empty">${t("no-quality")}</p>`}`;
