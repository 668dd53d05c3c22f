// What makes captions readable: the rules by which Lectern cuts what it hears, as hints for people who write themselves.
import { plain } from "./caption_files.js";

export const LINE_COLUMNS = 42;
const LINES = 2;
const CHARACTERS_A_SECOND = 20;
const SHORTEST_S = 0.001;
const WIDE = /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]/u;

/** Chinese, Japanese and Korean signs take two. */
export function columns(text) {
  let sum = 0;
  for (const sign of text) sum += /\p{M}/u.test(sign) ? 0 : WIDE.test(sign) ? 2 : 1;
  return sum;
}

const known = new WeakMap(); // cue -> hints that are about it alone

/** @returns {{rule: string, value?: number, grave?: boolean}[]} grave: it can not be saved so. */
export function hints(cue, next, duration_s) {
  if (!known.has(cue)) known.set(cue, alone(cue));
  const found = known.get(cue);
  const overlaps = next && next.start_s < cue.end_s - SHORTEST_S;
  const late = duration_s && cue.start_s > duration_s;
  if (!overlaps && !late) return found;
  return [...found, ...(overlaps ? [{ rule: "overlap" }] : []), ...(late ? [{ rule: "late", grave: true }] : [])];
}

function alone(cue) {
  const lines = plain(cue.text).split("\n").filter((line) => line.trim());
  const widths = lines.map(columns);
  const lasts_s = cue.end_s - cue.start_s;
  const speed = Math.round(widths.reduce((sum, one) => sum + one, 0) / Math.max(lasts_s, SHORTEST_S));
  const found = [];
  if (!lines.length) found.push({ rule: "empty" });
  if (Math.max(0, ...widths) > LINE_COLUMNS) found.push({ rule: "long-line", value: Math.max(...widths) });
  if (lines.length > LINES) found.push({ rule: "many-lines", value: lines.length });
  if (speed > CHARACTERS_A_SECOND) found.push({ rule: "fast", value: speed });
  return found;
}
