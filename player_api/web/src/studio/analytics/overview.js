// All videos by what is counted of them: /studio/analytics.
import { html, render } from "lit-html";
import { api } from "../../page/api.js";
import { clock } from "../../page/dom.js";
import { shell } from "../../page/shell.js";
import { dateOf, dateTimeOf } from "../../page/words.js";
import { exportButtons } from "./exports.js";
import { figure, meanings } from "./figures.js";
import { whileVisible } from "./refresh.js";
import { scrolled } from "./table_view.js";
import { count, share, span, t } from "./words.js";

const COLUMNS = [["title", "title"], ["created_at", "added"], ["n_learners", "learners"], ["views", "views"],
  ["watch_content_s", "watch-time"], ["engagement", "engagement"], ["completion_rate", "completion"]];
const PAGE = 100; // videos at a time
const main = document.querySelector("main");
const asked = new URLSearchParams(location.search);
const view = { sort: asked.get("sort") ?? "views", order: asked.get("order") ?? "desc", tag: asked.get("tag") ?? "", pages: 1, found: null, problem: null };

shell();
document.title = `${t("analytics")} · Lectern`;
main.replaceChildren();
render(html`<h1>${t("all-analytics")}</h1><p class="quiet">${t("loading")}</p>`, main);
await whileVisible(look, show);

async function look() {
  const { sort, order, tag } = view;
  let found;
  for (let page = 0; page < view.pages; page++) {
    const after = found ? `&cursor=${encodeURIComponent(found.next_cursor)}` : "";
    const next = await api(`/analytics/overview${query()}&limit=${PAGE}${after}`);
    found = found ? { ...next, items: [...found.items, ...next.items] } : next;
    if (!found.next_cursor) break;
  }
  if (sort !== view.sort || order !== view.order || tag !== view.tag) return; // something else was asked for meanwhile
  Object.assign(view, { found, problem: null });
  draw();
}

function show(problem) {
  view.problem = problem;
  draw();
}

const query = () => `?sort=${view.sort}&order=${view.order}${view.tag ? `&tag=${encodeURIComponent(view.tag)}` : ""}`;

/** Of the videos with a tag alone; all of them for "". */
function only(tag) {
  Object.assign(view, { tag, pages: 1 });
  const address = new URL(location.href);
  if (tag) address.searchParams.set("tag", tag);
  else address.searchParams.delete("tag");
  history.replaceState(null, "", address);
  look().catch(show);
}

function sortBy(column) {
  view.order = view.sort === column ? (view.order === "desc" ? "asc" : "desc") : column === "title" ? "asc" : "desc";
  view.sort = column;
  const address = new URL(location.href);
  address.searchParams.set("sort", view.sort);
  address.searchParams.set("order", view.order);
  history.replaceState(null, "", address);
  look().catch(show);
}

function draw() {
  const { found, problem } = view;
  render(html`
    <h1>${t("all-analytics")}</h1>
    ${problem ? html`<p class="notice bad" role="alert">${problem.message}</p>` : ""}
    ${found ? shown(found) : ""}`, main);
}

function shown({ as_of, k, definition, totals, items, next_cursor }) {
  const dropped = view.tag ? html`<p><button type="button" class="tag on" @click=${() => only("")}
    aria-label=${t("drop-tag", { tag: view.tag })}>${view.tag} ×</button></p>` : "";
  if (!items.length && view.tag) return html`${dropped}<p class="empty">${t("none-tagged")}</p>`;
  if (!items.length) return html`<div class="empty"><p><strong>${t("no-videos")}</strong></p><p><a href="/studio">${t("upload-one")}</a></p></div>`;
  const held_back = totals.videos - totals.videos_shown;
  return html`${dropped}
    <p class="small quiet as-of">${as_of ? t("as-of", { time: dateTimeOf(as_of) }) : t("nothing-counted")}</p>
    <dl class="figures">
      ${figure("videos", "overview", count(totals.videos))}
      ${figure("views", "summary", count(totals.views))}
      ${figure("watch-time", "summary", span(totals.watch_content_s), t("by-the-wall", { time: span(totals.watch_wall_s) }))}
    </dl>
    ${held_back ? html`<p class="quiet">${t("held-back", { n: held_back, k })}</p>` : ""}
    ${scrolled(t("all-analytics"), html`<table class="library">
      <thead><tr>${COLUMNS.map(([column, name], place) => html`
        <th scope="col" class=${place > 1 ? "number" : ""}
          aria-sort=${view.sort === column ? (view.order === "asc" ? "ascending" : "descending") : "none"}>
          <button type="button" class="plain" @click=${() => sortBy(column)}>${t(name)}
            <span aria-hidden="true">${view.sort === column ? (view.order === "asc" ? "▲" : "▼") : ""}</span></button></th>`)}</tr></thead>
      <tbody>${items.map((one) => html`<tr>
        <th scope="row"><a href="/studio/videos/${one.video_id}/analytics">${one.title}</a>
          <span class="small quiet">${one.duration_s ? clock(one.duration_s) : ""}</span>
          ${one.tags.length ? html`<span class="row">${one.tags.map((tag) => html`<button type="button" class="tag"
            @click=${() => only(tag)} aria-label=${t("only-tag", { tag })}>${tag}</button>`)}</span>` : ""}</th>
        <td>${dateOf(one.created_at)}</td>
        <td class="number">${one.suppressed ? html`<span class="quiet">${t("under-k", { k })}</span>` : count(one.n_learners)}</td>
        <td class="number">${count(one.views)}</td><td class="number">${span(one.watch_content_s)}</td>
        <td class="number">${share(one.engagement)}</td><td class="number">${share(one.completion_rate)}</td></tr>`)}</tbody>
    </table>`)}
    ${next_cursor ? html`<p><button type="button" @click=${() => {
      view.pages += 1;
      look().catch(show);
    }}>${t("more")}</button></p>` : ""}
    <h2>${t("export")}</h2>
    ${exportButtons([{ name: t("all-analytics"), path: `/analytics/overview${query()}` }], show)}
    ${meanings(definition.version)}`;
}
