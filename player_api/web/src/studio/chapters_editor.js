// The chapter editor: where each part of a video begins, and what it is called. For a key that may only read, a list.
import { html, nothing, render } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { repeat } from "lit-html/directives/repeat.js";
import { api } from "../page/api.js";
import { mayEdit } from "../page/may.js";
import { shell } from "../page/shell.js";
import { dateTimeOf, wordsOf } from "../page/words.js";
import english from "../words/chapters/en.ftl";
import { chapter, MOST, moved, toSend, wrongs } from "./editing/chapters.js";
import { Draft } from "./editing/drafts.js";
import { preview } from "./editing/preview.js";
import { ChapterRevisions, unlessChanged } from "./editing/revisions.js";
import { Steps } from "./editing/steps.js";
import { readStamp, stamp } from "./editing/times.js";
import { videoHead } from "./video_head.js";

const t = await wordsOf(english, { de: () => import("../words/chapters/de.ftl") });
const main = document.querySelector("main[data-video-id]");
const { videoId } = main.dataset;
const SNAP_WITHIN_S = 30;

shell();
main.replaceChildren(); // what is there for those without scripts
render(html`<h1>${t("title")}</h1><p role="status">${t("loading")}</p>`, main);
const revisions = new ChapterRevisions(videoId);
let made;
let found;
let slides;
let edits;
try {
  [made, found, slides, edits] = await Promise.all([api(`/videos/${videoId}`), revisions.load(), api(`/videos/${videoId}/slides`), mayEdit]);
} catch (error) {
  render(html`<h1>${t("title")}</h1><p class="notice bad" role="alert">${error.message}</p>`, main);
  throw error;
}

const changes_s = slides.items.filter((one) => !one.build).map((one) => one.start_s);
const draft = new Draft(`chapters.${videoId}`);
const player = preview(made, t, false);
const { video } = player;
const state = { revision: 0, edited: false, said: "", error: "", conflict: false, saving: false, tried: false, left: null, history: undefined };
const writing = new Map(); // times that somebody is typing, by chapter: the page is drawn anew meanwhile
let steps;
let saved;

const dirty = () => steps.now !== saved;
const now_s = () => Math.round(video.currentTime * 1000) / 1000;

function show(answer) {
  saved = answer.items.map((one) => chapter(one.start_s, one.title));
  steps = new Steps(saved);
  Object.assign(state, { revision: answer.revision, edited: answer.edited, conflict: false, error: "", tried: false, history: undefined });
}

// --- editing

function change(chapters, kind) {
  steps.set(chapters, kind);
  draft.keep(state.revision, toSend(chapters));
  Object.assign(state, { said: "", error: "" });
  draw();
}

const without = (id) => steps.now.filter((one) => one.id !== id);
const at = (id, start_s) => change(moved(steps.now, id, start_s));
const rename = (one, title) => change(steps.now.map((other) => (other === one ? { ...one, title } : other)), `title ${one.id}`);

function add() {
  const added = chapter(steps.now.length ? Math.floor(now_s()) : 0, "");
  change([...steps.now, added].sort((a, b) => a.start_s - b.start_s));
  main.querySelector(`[data-id="${added.id}"] .title`).focus();
}

function slideNear(time_s) {
  const near = changes_s.reduce((best, one) => (Math.abs(one - time_s) < Math.abs(best - time_s) ? one : best), Infinity);
  return Math.abs(near - time_s) <= SNAP_WITHIN_S && Math.abs(near - time_s) >= 0.001 ? near : undefined;
}

function step(chapters) {
  if (!chapters) return;
  if (dirty()) draft.keep(state.revision, toSend(chapters));
  else draft.drop();
  draw();
}

// --- saving

async function attempt(save) {
  Object.assign(state, { saving: true, error: "" });
  draw();
  try {
    const answer = await unlessChanged(save);
    if (answer === undefined) {
      state.conflict = true;
      draft.keep(state.revision, toSend(steps.now));
      draft.flush();
    } else {
      draft.drop();
      show(answer);
      state.said = t("saved-as", { revision: answer.revision });
    }
  } catch (error) {
    state.error = error.message;
  } finally {
    state.saving = false;
    draw();
  }
}

async function save(over) {
  if (state.saving) return;
  state.tried = true;
  draw();
  const wrong = main.querySelector('[aria-invalid="true"]');
  if (wrong) {
    wrong.focus();
    return;
  }
  const items = toSend(steps.now);
  await attempt(async () => revisions.save(items, over ? (await revisions.load()).revision : state.revision));
}

const giveUp = () => attempt(() => revisions.giveUp(state.revision));

async function takeTheirs() {
  const theirs = await revisions.load();
  Object.assign(state, { revision: theirs.revision, edited: theirs.edited, conflict: false });
  const items = theirs.items.map((one) => chapter(one.start_s, one.title));
  change(items); // undo brings one's own back
  saved = items;
  state.said = t("theirs-shown");
  draw();
}

async function showHistory() {
  state.history = await revisions.history();
  draw();
}

function restore(items) {
  change(items.map((one) => chapter(one.start_s, one.title)));
  state.said = t("restored");
  draw();
}

function goOn() {
  state.revision = state.left.revision;
  const items = state.left.content;
  state.left = null;
  change(items.map((one) => chapter(one.start_s, one.title)));
}

// --- the page

function draw() {
  const chapters = steps.now;
  const wrong = wrongs(chapters, made.duration_s);
  const playing = chapters.findLastIndex((one) => one.start_s <= video.currentTime);
  render(html`
    ${videoHead(made, "chapters")}
    <div class="row bar edits">
      <button type="button" ?disabled=${chapters.length >= MOST} @click=${add}>${t("add")}</button>
      ${state.edited ? html`<button type="button" ?disabled=${state.saving} @click=${giveUp}>${t("give-up")}</button>` : nothing}
      <span class="grow"></span>
      <button type="button" ?disabled=${!steps.past.length} @click=${() => step(steps.undo())}>${t("undo")}</button>
      <button type="button" ?disabled=${!steps.future.length} @click=${() => step(steps.redo())}>${t("redo")}</button>
      <button type="button" class="primary" ?disabled=${!dirty() || state.saving} @click=${() => save()}>${
        dirty() || state.saving ? t("save") : t("saved")}</button>
    </div>
    <div class="stack notices">
      ${state.conflict ? html`<div class="notice warn" role="alert"><p>${t("conflict")}</p><div class="row">
        <button type="button" @click=${() => save(true)}>${t("conflict-mine")}</button>
        <button type="button" @click=${takeTheirs}>${t("conflict-theirs")}</button></div></div>` : nothing}
      ${state.left ? html`<div class="notice edits" role="alert"><p>${t("draft", { time: dateTimeOf(state.left.at_ms) })}</p><div class="row">
        <button type="button" class="primary" @click=${goOn}>${t("draft-go-on")}</button>
        <button type="button" @click=${() => { draft.drop(); state.left = null; draw(); }}>${t("draft-drop")}</button></div></div>` : nothing}
      ${state.error ? html`<p class="notice bad" role="alert">${state.error}</p>` : nothing}
      <p class="quiet">${t(state.edited ? "are-set" : found.items.length ? "are-found" : "are-none")}
        ${!state.edited && found.items.length ? html`<span class="edits">${t("change-one")}</span>` : nothing}</p>
    </div>
    <div class="editor">
      <div class="beside">${player.box} ${historyBox()}</div>
      ${chapters.length ? html`<ol class="plain-list" aria-label=${t("title")}>${
        repeat(chapters, (one) => one.id, (one, index) => (edits ? row : line)(one, index, index === playing, wrong[index]))}</ol>`
        : html`<div class="empty"><p>${t("empty")}</p><button type="button" class="primary edits" @click=${add}>${t("add-first")}</button></div>`}
    </div>
    <p class="unseen" role="status">${state.said}</p>
    ${state.said ? html`<p class="toast" aria-hidden="true">${state.said}</p>` : nothing}`, main);
}

const playFrom = ({ start_s }) => html`
  <button type="button" @click=${() => player.seek(start_s)} aria-label=${t("play-from", { time: stamp(start_s) })}>▶</button>`;

const line = (one, _index, playing) => html`<li class="chapter" aria-current=${playing ? "true" : "false"}>
  ${playFrom(one)} <span class="stamp">${stamp(one.start_s)}</span> <span class="title">${one.title}</span></li>`;

function row(one, index, playing, wrong) {
  const near = slideNear(one.start_s);
  const told = wrong && (state.tried || wrong.rule !== "no-title") ? wrong : undefined; // who just added one is still typing
  const invalid = (name) => (wrong?.field === name ? "true" : "false");
  return html`<li class="chapter" data-id=${one.id} aria-current=${playing ? "true" : "false"}>
    ${playFrom(one)}
    <input class="stamp time" inputmode="decimal" spellcheck="false" aria-label=${t("start-of", { number: index + 1 })}
      aria-invalid=${invalid("time")} aria-describedby="wrong-${one.id}" .value=${live(writing.get(one.id) ?? stamp(one.start_s))}
      @input=${(event) => writing.set(one.id, event.target.value)}
      @change=${(event) => {
        writing.delete(one.id);
        const time_s = readStamp(event.target.value);
        if (Number.isNaN(time_s)) event.target.value = stamp(one.start_s);
        else at(one.id, time_s);
      }}>
    <input class="title" aria-label=${t("title-of", { number: index + 1 })} aria-invalid=${invalid("title")}
      aria-describedby="wrong-${one.id}" .value=${live(one.title)} @input=${(event) => rename(one, event.target.value)}>
    <p class="wrong" id="wrong-${one.id}">${told ? t(`wrong-${told.rule}`, { value: told.value ?? 0 }) : ""}</p>
    <div class="row">
      ${wrong?.rule === "not-at-zero" ? html`<button type="button" @click=${() => at(one.id, 0)}>${t("to-zero")}</button>` : nothing}
      <button type="button" @click=${() => at(one.id, now_s())}>${t("to-now")}</button>
      ${near === undefined ? nothing : html`<button type="button" @click=${() => at(one.id, near)}>${t("to-slide", { time: stamp(near) })}</button>`}
      <button type="button" @click=${() => change(without(one.id))} aria-label=${t("delete-of", { number: index + 1 })}>${t("delete")}</button>
    </div>
  </li>`;
}

const historyBox = () => html`
  <details class="history edits" @toggle=${(event) => event.target.open && !state.history && showHistory()}>
    <summary>${t("history")}</summary>
    ${!state.history ? html`<button type="button" @click=${showHistory}>${t("history-show")}</button>`
      : !state.history.length ? html`<p class="quiet">${t("history-none")}</p>`
        : html`<ul class="plain-list">${state.history.map((one) => html`<li class="row apart">
          <span>${t("revision", { revision: one.revision })} <span class="quiet small">${dateTimeOf(one.created_at)} · ${
            one.items === null ? t("by-giving-up") : t(one.key_id ? "by-person" : "by-finding", { count: one.items.length })}</span></span>
          ${one.items === null ? nothing : html`<button type="button" @click=${() => restore(one.items)}
            aria-label=${t("restore-of", { revision: one.revision })}>${t("restore")}</button>`}</li>`)}</ul>`}
  </details>`;

addEventListener("keydown", (event) => {
  if (!edits || !(event.ctrlKey || event.metaKey) || event.altKey) return;
  const letter = event.key.toLowerCase();
  const does = letter === "s" ? () => dirty() && save() : letter === "y" || (letter === "z" && event.shiftKey) ? () => step(steps.redo())
    : letter === "z" ? () => step(steps.undo()) : undefined;
  if (!does) return;
  event.preventDefault();
  does();
});
for (const name of ["timeupdate", "seeked"]) video.addEventListener(name, draw);

show(found);
const left = draft.read();
if (left && JSON.stringify(left.content) !== JSON.stringify(toSend(saved))) state.left = left;
draw();
