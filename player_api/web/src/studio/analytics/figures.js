// The figures of a video as a whole, each with what it means, and what each week added.
import { html } from "lit-html";
import { scrolled } from "./table_view.js";
import { count, interval, share, span, t } from "./words.js";

/**
 * A figure with its name. Pointing at the name, or coming to it by keys, shows what it means; it leads to the whole of it.
 * @param metric its section of docs/metrics.md, and of the list of meanings on the page
 */
export const figure = (name, metric, shown, more = "") => html`
  <div class="card figure">
    <dt><a class="meant" href="#means-${metric}" aria-describedby="short-${name}">${t(name)}</a>
      <span class="tip" role="tooltip" id="short-${name}">${t(`${name}-means`)}</span></dt>
    <dd><strong>${shown}</strong> ${more ? html`<span class="small quiet">${more}</span>` : ""}</dd>
  </div>`;

export function figures({ summary, completion }) {
  const { data } = summary;
  const done = completion.data;
  return html`<dl class="figures">
    ${figure("learners", "words", count(summary.n_learners))}
    ${figure("views", "summary", count(data.views))}
    ${figure("watch-time", "summary", span(data.watch_content_s), t("by-the-wall", { time: span(data.watch_wall_s) }))}
    ${figure("engagement", "summary", share(data.engagement), t("mean-seen", { time: span(data.mean_unique_s) }))}
    ${figure("completion", "completion", share(data.completion_rate), interval(done.low, done.high))}
    ${figure("reached-end", "completion", share(data.reached_end_rate), interval(done.reached_end_low, done.reached_end_high))}
    ${data.live_wall_s === 0 ? "" : whenWatched(data)}
  </dl>
  <details class="table-view"><summary>${t("by-week")}</summary>
    ${scrolled(t("by-week"), html`<table>
      <thead><tr><th scope="col">${t("week")}</th>
        ${["new-learners", "views", "watch-time", "completed"].map((one) => html`<th scope="col" class="number">${t(one)}</th>`)}</tr></thead>
      <tbody>${data.weeks.map((week) => html`<tr><th scope="row">${week.week}</th>
        <td class="number">${count(week.new_learners)}</td><td class="number">${count(week.views)}</td>
        <td class="number">${span(week.watch_content_s)}</td><td class="number">${count(week.completed)}</td></tr>`)}</tbody>
    </table>`)}
    ${data.weeks.some((week) => week.views === null) ? html`<p class="small quiet">${t("weeks-held-back")}</p>` : ""}
  </details>`;
}

/** Of what was live: how much of the watching was so, and how much of it came later. */
function whenWatched({ live_wall_s, watch_wall_s, live_learners, later_learners }) {
  const learners = (n) => (n === null ? "" : t("n-learners", { n }));
  const later_s = live_wall_s === null ? null : watch_wall_s - live_wall_s;
  return html`
    ${figure("watched-live", "summary", span(live_wall_s), learners(live_learners))}
    ${figure("watched-later", "summary", span(later_s), learners(later_learners))}`;
}

const MEANT = ["words", "summary", "live", "retention", "rewatch", "dropoff", "completion", "chapters", "learners", "qoe", "cohorts", "compare", "correlation",
  "prediction"];

/** What each number means, in a few words, and where its formula is. */
export const meanings = (version) => html`
  <h2 id="meanings">${t("meanings")}</h2>
  <p class="quiet">${t("meanings-where", { version })}</p>
  <dl class="meanings">${MEANT.map((name) => html`
    <dt id="means-${name}" tabindex="-1">${t(`metric-${name}`)}</dt>
    <dd>${t(`metric-${name}-means`)} <code class="small">docs/metrics.md#${name}</code></dd>`)}
  </dl>`;
