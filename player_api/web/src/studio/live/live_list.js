// All live streams of the organization, and a place to make one.
import { html, nothing, render } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { api } from "../../page/api.js";
import { shell } from "../../page/shell.js";
import { dateOf } from "../../page/words.js";
import { keyCard } from "./key_card.js";
import { stateBadge } from "./state.js";
import { t } from "./words.js";

const LOOK_AGAIN_MS = 4000;
const main = document.querySelector("main");
const root = document.createElement("div");
const copying = { copied: "" };
let page = null; // until the first answer
let older = []; // pages behind the first
let cursor;
let problem = "";
let asking = false; // for the name of a new stream
let fault = "";
let made = null; // the stream whose key can be shown

shell();
document.title = `${t("live")} · Lectern`;
main.replaceChildren(root);
show();
look();

/** The first page is asked for again and again: what is live changes. */
async function look() {
  if (!document.hidden || !page) {
    try {
      page = await api("/live-streams");
      cursor ??= page.next_cursor;
      problem = "";
    } catch (error) {
      problem = error.message;
    }
    show();
  }
  setTimeout(look, LOOK_AGAIN_MS);
}

async function more() {
  try {
    const next = await api(`/live-streams?${new URLSearchParams({ cursor })}`);
    older = [...older, ...next.items];
    cursor = next.next_cursor ?? "";
  } catch (error) {
    problem = error.message;
  }
  show();
}

async function make(event) {
  event.preventDefault();
  const { name, profile, language } = event.target.elements;
  try {
    made = await api("/live-streams", { json: { name: name.value, profile: profile.value, language: language.value || null } });
    [asking, fault, copying.copied] = [false, "", ""];
    page = await api("/live-streams");
  } catch (error) {
    fault = error.message;
  }
  show();
}

function show() {
  render(html`
    <div class="row apart list-head">
      <h1>${t("live")}</h1>
      ${page?.open && !asking ? html`<button type="button" class="primary" @click=${() => {
        asking = true;
        show();
        root.querySelector("[name=name]").focus();
      }}>${t("new-stream")}</button>` : ""}
    </div>
    ${problem ? html`<p class="notice bad" role="alert">${problem}</p>` : ""}
    ${page && !page.open ? html`<div class="notice warn stack"><p><strong>${t("live-off")}</strong></p>
      ${page.problems.map((one) => html`<p>${one}</p>`)}</div>` : ""}
    ${page?.open && page.problems.length ? html`<details class="quiet small"><summary>${t("not-every-way")}</summary>
      ${page.problems.map((one) => html`<p>${one}</p>`)}</details>` : ""}
    <div class="stack">
      ${asking ? form() : ""}
      ${made ? html`<p class="notice good" role="status">${t("stream-made", { name: made.name })}
        <a href="/studio/live/${made.id}">${t("to-the-stream")}</a></p>${keyCard(made.servers, copying, show)}` : ""}
      ${list()}
    </div>`, root);
}

function form() {
  return html`
    <form class="card stack" aria-labelledby="new-title" @submit=${make}>
      <h2 id="new-title">${t("new-stream")}</h2>
      <label class="field">${t("name")} <input name="name" required maxlength="500" autocomplete="off">
        <span class="quiet">${t("name-hint")}</span></label>
      <label class="field">${t("profile")}
        <select name="profile"><option value="default">${t("profile-default")}</option>
          <option value="low">${t("profile-low")}</option></select></label>
      <label class="field">${t("spoken")} <input name="language" maxlength="35" autocomplete="off">
        <span class="quiet">${t("spoken-hint")}</span></label>
      ${fault ? html`<p class="notice bad" role="alert">${fault}</p>` : ""}
      <div class="row end"><button type="button" @click=${() => {
        asking = false;
        show();
      }}>${t("cancel")}</button><button class="primary">${t("make")}</button></div>
    </form>`;
}

function list() {
  if (!page) return problem ? "" : html`<p class="quiet" role="status">${t("loading")}</p>`;
  const streams = [...page.items, ...older.filter(({ id }) => !page.items.some((one) => one.id === id))];
  if (!streams.length) {
    return page.open && !asking ? html`<div class="empty stack"><p><strong>${t("empty")}</strong></p><p>${t("empty-what")}</p>
      <p class="quiet">${t("empty-how")}</p></div>` : "";
  }
  return html`
    <ul class="plain-list streams" aria-label=${t("streams")}>
      ${repeat(streams, (one) => one.id, (one) => html`
        <li class="row apart">
          <a class="name" href="/studio/live/${one.id}">${one.name}</a>
          <span class="row">${one.current?.viewers == null ? nothing
            : html`<span class="quiet small">${t("viewers-now", { count: one.current.viewers })}</span>`}
            <span class="quiet small">${t("made-on", { date: dateOf(one.created_at) })}</span> ${stateBadge(one.state)}</span>
        </li>`)}
    </ul>
    ${cursor ? html`<div class="row"><button type="button" @click=${more}>${t("show-more")}</button></div>` : ""}`;
}
