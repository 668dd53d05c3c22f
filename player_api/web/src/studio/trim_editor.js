// Trimming: where a video starts, and where it ends. Times are those of the whole recording, as the API has them; those of
// the player are of what viewers see now.
import { html, nothing, render } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { api } from "../page/api.js";
import { mayEdit } from "../page/may.js";
import { shell } from "../page/shell.js";
import { wordsOf } from "../page/words.js";
import english from "../words/trim/en.ftl";
import { preview } from "./editing/preview.js";
import { readStamp, stamp } from "./editing/times.js";
import { follow } from "./follow.js";
import { trimStrip } from "./trim_strip.js";
import { videoHead } from "./video_head.js";

const t = await wordsOf(english, { de: () => import("../words/trim/de.ftl") });
const main = document.querySelector("main[data-video-id]");
const { videoId } = main.dataset;
const LEAST_S = 2;
const JOINT_S = 4; // of what is played at a cut
const SIDES = ["start", "end"];

shell();
main.replaceChildren(); // what is there for those without scripts
render(html`<h1>${t("title")}</h1><p role="status">${t("loading")}</p>`, main);
let edits; // whether this key may trim
let made; // the video, as the API describes it
let player; // null where nothing can be shown
let strip;
let all_s; // of the whole recording
let now; // {start, end} of it: what viewers see, and what the player can show
let part; // {start, end} of it: what they shall see
let typed = {}; // what stands in a field and is no time
let writing = {}; // what somebody is typing: the page is drawn anew meanwhile
let stop_s = Infinity; // where a joint that is played ends
const state = { busy: "", fault: "", said: "", kept: null };

function open(video) {
  player?.end();
  made = video;
  all_s = made.trim?.whole_s ?? made.duration_s;
  now = { start: made.trim?.start_s ?? 0, end: made.trim?.end_s ?? all_s };
  part = { ...now };
  [typed, writing] = [{}, {}];
  player = made.duration_s !== null && made.visibility !== "private" ? preview(made, t, false) : null;
  strip = made.duration_s === null ? null : trimStrip({
    storyboard: player ? made.storyboard_url : undefined, all_s, now,
    names: { strip: t("strip"), start: t("start"), end: t("end"), keys: t("keys") },
  }, move, seek);
  for (const name of ["timeupdate", "seeking"]) player?.video.addEventListener(name, tick);
  draw();
}

/** Shows how far it is, until all is done. */
async function prepare() {
  if (!edits || made.status === "ready" || made.status === "failed") return;
  await follow(videoId, (told) => {
    if (!told) return;
    made = { ...made, status: told.status, progress: told.progress };
    draw();
  });
}

// --- what is wanted

const changed = () => part.start !== now.start || part.end !== now.end;

function move(side, time_s) {
  const [least, most] = side === "start" ? [0, part.end - LEAST_S] : [part.start + LEAST_S, all_s];
  set(side, Math.round(Math.min(Math.max(time_s, Math.min(least, most)), Math.max(least, most)) * 1000) / 1000);
  seek(side === "start" ? part.start : part.end - 0.1);
}

function set(side, time_s) {
  part = { ...part, [side]: time_s };
  delete typed[side];
  delete writing[side];
  Object.assign(state, { fault: "", said: "" });
  draw();
}

function type(side, text) {
  delete writing[side];
  const time_s = readStamp(text);
  if (!Number.isNaN(time_s)) return set(side, time_s);
  typed[side] = text;
  draw();
}

/** Why this can not be asked for, by field; null where it can. */
function wrong() {
  for (const side of SIDES) if (side in typed) return [side, t("wrong-time")];
  for (const side of SIDES) if (part[side] > all_s) return [side, t("wrong-outside", { end: stamp(all_s) })];
  if (part.end <= part.start) return ["end", t("wrong-order")];
  if (part.end - part.start < LEAST_S && changed()) return ["end", t("wrong-short")];
  return null;
}

// --- the player

const shown_s = () => now.start + player.video.currentTime;

/** Where something was cut off there is nothing to show: then the player stays where it is. */
function seek(time_s) {
  if (player && time_s >= now.start && time_s < now.end) player.seek(time_s - now.start);
}

/** Whether there is anything to be seen of the start, or of the end, that is wanted. */
const seen = (side) => (side === "start" ? part.start >= now.start && part.start < now.end : part.end > now.start && part.end <= now.end);

function tick() {
  const { video } = player;
  if (!video.paused && shown_s() >= stop_s) {
    video.pause();
    stop_s = Infinity;
  }
  strip.show(part.start, part.end, shown_s());
}

function playJoint(side) {
  const from_s = side === "start" ? part.start : Math.max(part.start, now.start, part.end - JOINT_S);
  seek(from_s);
  stop_s = side === "start" ? Math.min(part.end, from_s + JOINT_S) : part.end;
  player.video.play();
}

// --- saving

async function ask(what, request, said) {
  Object.assign(state, { busy: what, fault: "", said: "" });
  draw();
  try {
    const fresh = await request();
    // Browsers keep playlists for a minute.
    if (fresh.playlist_url) fresh.playlist_url += `?source=${Date.now()}`;
    const earlier = fresh.source.earlier_video_id;
    Object.assign(state, { busy: "", said: said(fresh), kept: earlier !== made.source.earlier_video_id ? earlier : null });
    open(fresh);
    prepare();
  } catch (error) {
    Object.assign(state, { busy: "", fault: error.message });
    draw();
  }
}

function save() {
  const fault = wrong();
  if (fault) return main.querySelector(`#trim-${fault[0]}`).focus();
  const json = { start_s: part.start, end_s: part.end === all_s ? null : part.end };
  return ask("trim", () => api(`/videos/${videoId}/trim`, { method: "PUT", json }),
    (fresh) => (fresh.trim ? t("done-trim", { left: stamp(fresh.duration_s) }) : t("done-whole")));
}

const whole = () => ask("whole", () => api(`/videos/${videoId}/trim`, { method: "DELETE" }), () => t("done-whole"));

// --- the page

function draw() {
  render(html`
    ${videoHead(made, "trim")}
    ${made.duration_s === null ? html`<p class="notice">${t(made.status === "live" ? "live" : "later")}</p>` : editor()}`, main);
  strip?.show(part.start, part.end, player ? shown_s() : now.start);
}

function editor() {
  return html`<div class="trim stack">
    ${made.trim ? html`<div class="notice row apart">
      <span class="grow">${t("trimmed", { start: stamp(made.trim.start_s), end: stamp(made.trim.end_s), all: stamp(made.trim.whole_s) })}
        <span class="edits">${t("trimmed-here")}</span></span>
      <button type="button" class="edits" ?disabled=${state.busy} @click=${whole}>${t(state.busy === "whole" ? "whole-saving" : "whole")}</button>
    </div>` : edits ? nothing : html`<p class="notice">${t("untrimmed")}</p>`}
    ${player ? player.box : html`<p class="notice warn">${t("private")} <span class="edits">${t("private-type")}</span></p>`}
    ${edits ? wishes() : nothing}
  </div>`;
}

function wishes() {
  const fault = wrong();
  return html`
    ${strip.box}
    <div class="sides">${SIDES.map((side) => field(side, fault?.[0] === side ? fault[1] : ""))}</div>
    <div class="row apart">
      <span class="quiet">${fault ? nothing : t("left", { left: stamp(part.end - part.start), all: stamp(all_s) })}</span>
      <div class="row">
        ${changed() ? html`<button type="button" ?disabled=${state.busy} @click=${() => open(made)}>${t("reset")}</button>` : nothing}
        <button type="button" class="primary" ?disabled=${state.busy || !changed()} @click=${save}>${t(state.busy === "trim" ? "trimming" : "do-trim")}</button>
      </div>
    </div>
    ${state.fault ? html`<p class="notice bad" role="alert">${state.fault}</p>` : nothing}
    <div role="status">${state.said ? html`<p class="notice good">${state.said}
      ${made.status === "processing" ? t("preparing") : ""}
      ${state.kept ? html`<a href="/studio/videos/${state.kept}/analytics">${t("kept")}</a>` : nothing}</p>` : nothing}</div>
    ${made.status === "processing" ? html`<progress max="1" value=${made.progress} aria-label=${t("progress")}></progress>` : nothing}
    <p class="quiet">${t("what")} ${t("numbers")}</p>`;
}

function field(side, fault) {
  return html`<fieldset class="card side">
    <legend>${t(side)}</legend>
    <div class="row">
      <input class="stamp" id="trim-${side}" inputmode="decimal" spellcheck="false" autocomplete="off" aria-label=${t(side)}
        aria-invalid=${fault ? "true" : "false"} aria-describedby="trim-wrong-${side}" .value=${live(writing[side] ?? typed[side] ?? stamp(part[side]))}
        @input=${(event) => (writing[side] = event.target.value)} @change=${(event) => type(side, event.target.value)}>
      ${player ? html`
        <button type="button" title=${t("here-hint")} @click=${() => move(side, shown_s())}>${t(`here-${side}`)}</button>
        <button type="button" ?disabled=${!seen(side)} @click=${() => playJoint(side)}>▶ ${t(`play-${side}`)}</button>` : nothing}
    </div>
    <p class=${fault ? "wrong" : "hint"} id="trim-wrong-${side}">${fault || (player && !seen(side) ? t("unseen") : "")}</p>
  </fieldset>`;
}

try {
  const [found, may] = await Promise.all([api(`/videos/${videoId}`), mayEdit]);
  edits = may;
  open(found);
  prepare();
} catch (error) {
  render(html`<h1>${t("title")}</h1><p class="notice bad" role="alert">${error.message}</p>`, main);
  throw error;
}
