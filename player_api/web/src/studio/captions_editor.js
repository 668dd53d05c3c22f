// The caption editor: what is said, beside the video, to be corrected while one listens. For a key that may only read, it is
// there to be read.
import { html, nothing, render } from "lit-html";
import { api } from "../page/api.js";
import { mayEdit } from "../page/may.js";
import { shell } from "../page/shell.js";
import { wordsOf } from "../page/words.js";
import english from "../words/captions/en.ftl";
import { baseOf, CaptionDocument } from "./editing/caption_document.js";
import { plain } from "./editing/caption_files.js";
import { cueRows } from "./editing/caption_rows.js";
import { find, insert, lastBefore, merge, remove, replaceAll, shownAt, split, withText, withTimes } from "./editing/cues.js";
import { captionBar, findBox, historyBox, keysBox, noticeBox } from "./editing/caption_tools.js";
import { preview } from "./editing/preview.js";
import { hints } from "./editing/reading_rules.js";
import { CaptionRevisions } from "./editing/revisions.js";
import { actionOf, READING } from "./editing/shortcuts.js";
import { videoHead } from "./video_head.js";

const t = await wordsOf(english, { de: () => import("../words/captions/de.ftl") });
const main = document.querySelector("main[data-video-id]");
const { videoId } = main.dataset;
const LATER = 0.05; // a replay ends just before the next cue is shown

shell();
main.replaceChildren(); // what is there for those without scripts
render(html`<h1>${t("title")}</h1><p role="status">${t("loading")}</p>`, main);
const revisions = new CaptionRevisions(videoId);
const asked = new URLSearchParams(location.search).get("language");
let made;
let listed;
let heard; // what a model heard, for those who correct it
let edits;
try {
  [made, listed, edits, heard] = await Promise.all([api(`/videos/${videoId}`), revisions.languages(), mayEdit,
    mayEdit.then((may) => (may ? api(`/videos/${videoId}/transcript`) : { language: null, words: [] }))]);
} catch (error) {
  render(html`<h1>${t("title")}</h1><p class="notice bad" role="alert">${error.message}</p>`, main);
  throw error;
}

const state = {
  language: "", revision: 0, selected: undefined, playing: -1, notice: undefined, conflict: false, saving: false, said: "",
  find: { open: false, text: "", by: "", matchCase: false, at: -1 }, history: undefined,
};
const edited = new CaptionDocument(made, heard, listed, revisions, state, t, draw);
const player = preview(made, t);
const { video } = player;

const indexOf = (id) => edited.cues.findIndex((cue) => cue.id === id);
const selectedIndex = () => indexOf(state.selected);
/** The cue that a key is about: the one that is edited, else the one that is shown. */
const aboutIndex = () => (state.selected === undefined ? Math.max(state.playing, lastBefore(edited.cues, video.currentTime)) : selectedIndex());
const field = () => main.querySelector(".cue.selected textarea");
const change = (cues, kind) => edited.change(cues, kind);

/** Unless no player would show it. */
function save(over) {
  if (!edited.dirty && !over) return undefined;
  const grave = edited.cues.findIndex((_cue, index) => hintsAt(index).some((hint) => hint.grave));
  if (grave < 0) return edited.save(over);
  state.notice = { kind: "bad", text: t("grave") };
  return select(grave);
}

// --- editing

function select(index, { cursor, until, seek = true } = {}) {
  const cue = edited.cues[index];
  if (!cue) return;
  if (seek) player.seek(cue.start_s);
  if (!edits) return;
  state.selected = cue.id;
  draw();
  const text = field();
  text.focus({ preventScroll: true });
  if (cursor !== undefined) text.setSelectionRange(cursor, until ?? cursor);
  text.closest(".cue").scrollIntoView({ block: "nearest" });
}

const hintsAt = (index) => hints(edited.cues[index], edited.cues[index + 1], made.duration_s);

/** The next cue, from the one in hand on and around the end, for which `holds`. */
function nextWhere(holds) {
  const [from, count] = [aboutIndex(), edited.cues.length];
  for (let by = 1; by <= count; by += 1) if (holds((from + by + count) % count)) return (from + by + count) % count;
  return -1;
}

let stopAt_s;
function replay(index) {
  const cue = edited.cues[index];
  if (!cue) return;
  player.seek(cue.start_s);
  stopAt_s = cue.end_s - LATER;
  video.play();
}

function stepTo(cues) {
  if (!cues) return;
  const before = state.selected;
  if (indexOf(before) < 0) state.selected = undefined;
  edited.keepStep();
  draw();
  if (state.selected !== undefined) field()?.focus({ preventScroll: true });
}

const matches = () => find(edited.cues, state.find.text, state.find.matchCase);

const actions = {
  play: () => (video.paused ? video.play() : video.pause()),
  replay: () => replay(aboutIndex()),
  next: () => select(Math.min(aboutIndex() + 1, edited.cues.length - 1)),
  previous: () => select(Math.max(aboutIndex() - (edits && state.selected === undefined ? 0 : 1), 0)),
  doubt() {
    const index = nextWhere((at) => edited.doubts.in(edited.cues[at]).length);
    const [place] = index < 0 ? [] : edited.doubts.in(edited.cues[index]);
    if (place) select(index, { cursor: place.from, until: place.to });
  },
  hint: () => select(nextWhere((at) => hintsAt(at).length)),
  split() {
    const [index, cursor] = [selectedIndex(), field()?.selectionStart];
    if (index < 0) return;
    const cut = split(edited.cues, index, cursor);
    if (cut === edited.cues) {
      state.said = t("split-where");
      return draw();
    }
    change(cut);
    select(index + 1, { cursor: 0, seek: false });
  },
  merge() {
    const index = aboutIndex();
    if (index < 0) return;
    const cursor = edited.cues[index].text.length;
    change(merge(edited.cues, index));
    select(index, { cursor, seek: false });
  },
  start: () => setTime("start_s"),
  end: () => setTime("end_s"),
  add() {
    const { cues, added } = insert(edited.cues, Math.round(video.currentTime * 1000) / 1000);
    change(cues);
    select(indexOf(added.id), { seek: false });
  },
  remove() {
    const index = selectedIndex();
    if (index < 0) return;
    change(remove(edited.cues, index));
    state.selected = undefined;
    if (edited.cues.length) select(Math.min(index, edited.cues.length - 1), { seek: false });
    else draw();
  },
  search() {
    state.find.open = true;
    draw();
    main.querySelector(".find input").focus();
  },
  match() {
    const all = matches();
    if (!all.length) return;
    const [index, cursor] = [aboutIndex(), field()?.selectionEnd ?? (edits ? 0 : Infinity)];
    const next = all.find((one) => one.index > index || (one.index === index && one.from >= cursor)) ?? all[0];
    select(next.index, { cursor: next.from, until: next.to });
  },
  replace() {
    const [index, text] = [selectedIndex(), field()];
    const here = text && matches().find((one) => one.index === index && one.from === text.selectionStart && one.to === text.selectionEnd);
    if (here) {
      const { text: before } = edited.cues[index];
      change(withText(edited.cues, index, before.slice(0, here.from) + state.find.by + before.slice(here.to)));
      field().setSelectionRange(here.from + state.find.by.length, here.from + state.find.by.length);
    }
    actions.match();
  },
  replaceAll() {
    const count = matches().length;
    if (!count) return;
    change(replaceAll(edited.cues, state.find.text, state.find.by, state.find.matchCase));
    state.said = t("replaced", { count });
    draw();
  },
  undo: () => stepTo(edited.steps.undo()),
  redo: () => stepTo(edited.steps.redo()),
  save: () => save(),
};

function setTime(name) {
  const index = aboutIndex();
  if (index < 0) return;
  const { id } = edited.cues[index];
  change(withTimes(edited.cues, index, { [name]: Math.round(video.currentTime * 1000) / 1000 }));
  select(indexOf(id), { seek: false });
}

const act = {
  select: (index) => select(index),
  seek: (index) => player.seek(edited.cues[index].start_s),
  text: (index, text) => change(withText(edited.cues, index, text), `text ${edited.cues[index].id}`),
  times: (index, times) => change(withTimes(edited.cues, index, times)),
  run: (action) => actions[action](),
};

// --- playing along

function follow() {
  const playing = shownAt(edited.cues, video.currentTime);
  if (stopAt_s !== undefined && video.currentTime >= stopAt_s) {
    stopAt_s = undefined;
    video.pause();
  }
  if (playing === state.playing) return;
  state.playing = playing;
  draw();
  const typing = main.contains(document.activeElement) && document.activeElement.matches("textarea, input");
  if (playing >= 0 && !video.paused && !typing) main.querySelector('.cue[aria-current="true"]').scrollIntoView({ block: "nearest" });
}
for (const name of ["timeupdate", "seeked"]) video.addEventListener(name, follow);
video.addEventListener("pause", () => (stopAt_s = undefined));

addEventListener("keydown", (event) => {
  const action = actionOf(event);
  if (!action || !(edits || READING.has(action)) || (/^(undo|redo)$/.test(action) && event.target.matches("input"))) return; // a field has its own
  event.preventDefault();
  actions[action]();
});

// --- the page

const may = { edits, actions, draw, save, open: (language, begin) => edited.open(language, begin),
  takeTheirs: () => edited.takeTheirs(), exportFile: (form) => edited.exportFile(form), importFile: (file) => edited.importFile(file),
  showHistory: () => edited.showHistory(), restore: (revision) => edited.restore(revision) };

function draw() {
  const cues = edited.cues;
  state.playing = shownAt(cues, video.currentTime);
  const found = state.find.open ? matches() : [];
  const places = grouped(found);
  const counts = { cues: cues.length, doubts: 0, hints: 0, found: found.length };
  cues.forEach((cue, index) => {
    counts.doubts += edited.doubts.in(cue).length;
    counts.hints += hintsAt(index).length > 0;
  });
  player.say(plain(cues[state.playing]?.text ?? ""), state.language);
  const { listed: languages, dirty, steps, doubts } = edited;
  const page = { ...state, cues, listed: languages, counts, dirty, steps, made };
  render(html`
    ${videoHead(made, "captions")}
    ${captionBar(page, may, t)}
    ${noticeBox(page, may, t)}
    <div class="editor">
      <div class="beside">${player.box} ${findBox(page, may, t)} ${keysBox(page, may, t)} ${historyBox(page, may, t)}</div>
      ${cues.length ? html`<ol class="cues" tabindex="0" aria-label=${t("cues")}>${
        cueRows({ ...state, cues, doubts, matches: places, duration_s: made.duration_s }, act, t)}</ol>`
        : html`<div class="empty"><p>${t("empty")} <span class="edits">${t("empty-begin")}</span></p>
          <button type="button" class="primary edits" @click=${actions.add}>${t("do-add")}</button></div>`}
    </div>
    <p class="unseen" role="status">${state.said}</p>
    ${state.said ? html`<p class="toast" aria-hidden="true">${state.said}</p>` : nothing}`, main);
}

function grouped(found) {
  const places = new Map();
  for (const one of found) places.set(one.index, [...(places.get(one.index) ?? []), one]);
  return places;
}

const begun = listed.find((one) => one.language === asked);
const first = begun ?? listed.find((one) => baseOf(one.language) === baseOf(made.language)) ?? listed[0];
const language = edits ? asked ?? first?.language ?? made.language ?? heard.language ?? "en" : first?.language;
if (language) await edited.open(language);
else draw();
