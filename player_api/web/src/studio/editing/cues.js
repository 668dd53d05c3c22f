// What can be done to a list of cues. Each function gives a new list; cues that stay the same stay the same object.
import { cue, plain } from "./caption_files.js";
import { columns, LINE_COLUMNS } from "./reading_rules.js";

const LEAST_S = 0.2;
const NEW_S = 2;

const changed = (one, what) => Object.freeze({ ...one, ...what });
const inOrder = (cues) => [...cues].sort((a, b) => a.start_s - b.start_s);
const replaced = (cues, index, ...by) => [...cues.slice(0, index), ...by, ...cues.slice(index + 1)];

/** The index of the cue that is shown at a time, or -1. */
export function shownAt(cues, time_s) {
  let [low, high] = [0, cues.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cues[middle].start_s <= time_s) low = middle + 1;
    else high = middle;
  }
  return low > 0 && time_s < cues[low - 1].end_s ? low - 1 : -1;
}

/** The index of the last cue that begins at a time or before it, or -1. */
export function lastBefore(cues, time_s) {
  return cues.findLastIndex((one) => one.start_s <= time_s);
}

export const withText = (cues, index, text) => replaced(cues, index, changed(cues[index], { text }));

/** A start behind the end moves the end, and the other way round, so that the cue keeps some time. */
export function withTimes(cues, index, { start_s, end_s }) {
  const before = cues[index];
  const times = start_s !== undefined
    ? { start_s, end_s: before.end_s > start_s ? before.end_s : start_s + LEAST_S }
    : { start_s: before.start_s < end_s ? before.start_s : Math.max(0, end_s - LEAST_S), end_s };
  return inOrder(replaced(cues, index, changed(before, times)));
}

/** Cuts a cue where the cursor is; the time is shared by the length of the text. */
export function split(cues, index, cursor) {
  const one = cues[index];
  const [before, after] = [one.text.slice(0, cursor).trim(), one.text.slice(cursor).trim()];
  if (!before || !after) return cues;
  const part = plain(before).length / Math.max(1, plain(before).length + plain(after).length);
  const at_s = Math.round((one.start_s + (one.end_s - one.start_s) * part) * 1000) / 1000;
  return replaced(cues, index, changed(one, { text: before, end_s: at_s }), cue(at_s, one.end_s, after, one.settings));
}

export function merge(cues, index) {
  const [one, next] = [cues[index], cues[index + 1]];
  if (!next) return cues;
  const text = layOut([one.text, next.text].map((part) => part.trim()).filter(Boolean).join("\n"));
  return [...cues.slice(0, index), changed(one, { text, end_s: Math.max(one.end_s, next.end_s) }), ...cues.slice(index + 2)];
}

export const remove = (cues, index) => cues.filter((_one, at) => at !== index);

/** A new cue from `time_s` on, no longer than until the next one begins. */
export function insert(cues, time_s) {
  const next = cues.find((one) => one.start_s > time_s);
  const added = cue(time_s, Math.max(time_s + LEAST_S, Math.min(time_s + NEW_S, next ? next.start_s : Infinity)), "");
  return { cues: inOrder([...cues, added]), added };
}

/** @returns {{index: number, from: number, to: number}[]} where the text is found; a space is any break, too. */
export function find(cues, text, matchCase) {
  const pattern = patternOf(text, matchCase);
  if (!pattern) return [];
  return cues.flatMap((one, index) => [...one.text.matchAll(pattern)]
    .map((match) => ({ index, from: match.index, to: match.index + match[0].length })));
}

export function replaceAll(cues, text, by, matchCase) {
  const pattern = patternOf(text, matchCase);
  return cues.map((one) => {
    const now = one.text.replace(pattern, () => by);
    return now === one.text ? one : changed(one, { text: now });
  });
}

function patternOf(text, matchCase) {
  const parts = text.trim().split(/\s+/).filter(Boolean).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return parts.length ? new RegExp(parts.join("\\s+"), matchCase ? "gu" : "giu") : null;
}

/** In one line where it fits, else in two, parted at the space nearest to the middle; what is longer stays as it is. */
function layOut(text) {
  const whole = text.split(/\s+/).join(" ");
  if (columns(plain(whole)) <= LINE_COLUMNS) return whole;
  if (text.split("\n").length <= 2) return text;
  const spaces = [...whole.matchAll(/ /g)].map((space) => space.index);
  const middle = spaces.sort((a, b) => Math.abs(a - whole.length / 2) - Math.abs(b - whole.length / 2))[0];
  return middle === undefined ? whole : `${whole.slice(0, middle)}\n${whole.slice(middle + 1)}`;
}
