// WebVTT and SubRip, in and out. What the server accepts in the end, it checks itself; here a file becomes cues to edit.
const TIME = /(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})/.source;
const ARROW = new RegExp(`^\\s*${TIME}\\s*-->\\s*${TIME}(?:[ \\t]+(.*))?$`);
const TAG = /<\/?(?:b|i|u|c|v|lang|ruby|rt)(?:[.\s][^<>]*)?>|<(?:\d+:)?\d\d:\d\d\.\d{3}>/gi;
const TAG_OF_SUBRIP = /<\/?[biu]>/gi;

/** A file that is neither; `line` counts from 1. */
export class Unreadable extends Error {
  constructor(line) {
    super(`line ${line}`);
    this.line = line;
  }
}

let made = 0;
/** A cue: `text` with its tags, without escapes, its lines parted by "\n". Never changed in place. */
export const cue = (start_s, end_s, text, settings = "") => Object.freeze({ id: (made += 1), start_s, end_s, text, settings });

/** @returns {object[]} the cues of a file, in the order of their start. @throws {Unreadable} */
export function read(file) {
  const lines = file.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  const isVtt = lines[0].startsWith("WEBVTT");
  const cues = [];
  let at = 0;
  while (at < lines.length) {
    if (!lines[at].includes("-->")) {
      at += 1;
      continue;
    }
    const found = ARROW.exec(lines[at]);
    if (!found) throw new Unreadable(at + 1);
    const [start_s, end_s] = [found.slice(1, 5), found.slice(5, 9)].map(inSeconds);
    if (!(end_s > start_s)) throw new Unreadable(at + 1);
    const text = [];
    for (at += 1; at < lines.length && lines[at].trim() && !lines[at].includes("-->"); at += 1) {
      text.push(isVtt ? unescaped(lines[at]) : withoutFonts(lines[at]));
    }
    cues.push(cue(start_s, end_s, text.join("\n"), isVtt ? (found[9] ?? "").trim() : ""));
  }
  if (!isVtt && !cues.length) throw new Unreadable(1);
  return cues.sort((a, b) => a.start_s - b.start_s);
}

/** What is written is left out where it is empty: no format has room for a cue without text. */
export function vtt(cues) {
  const blocks = written(cues).map((one) => (
    `${time(one.start_s)} --> ${time(one.end_s)}${one.settings ? ` ${one.settings}` : ""}\n${linesOf(one).map(escaped).join("\n")}\n`));
  return `WEBVTT\n\n${blocks.join("\n")}`;
}

export function srt(cues) {
  return written(cues).map((one, index) => (
    `${index + 1}\n${[one.start_s, one.end_s].map((at_s) => time(at_s).replace(".", ",")).join(" --> ")}\n${
      linesOf(one).map(forSubrip).join("\n")}\n`)).join("\n");
}

/** What a reader sees of a cue. */
export const plain = (text) => unescaped(text.replace(TAG, ""));

const written = (cues) => cues.filter((one) => one.text.trim());
const linesOf = (one) => one.text.split("\n").map((line) => line.trim()).filter(Boolean);
const inSeconds = ([hours = 0, minutes, seconds, part]) => (
  (Number(hours) * 3_600_000 + minutes * 60_000 + seconds * 1000 + Number(part.padEnd(3, "0"))) / 1000);

function time(time_s) {
  const ms = Math.round(time_s * 1000);
  const [hours, minutes, seconds] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1000) % 60];
  return `${[hours, minutes, seconds].map((part) => String(part).padStart(2, "0")).join(":")}.${String(ms % 1000).padStart(3, "0")}`;
}

/** A line for WebVTT: its tags and what is escaped already stay. */
function escaped(line) {
  let from = 0;
  let out = "";
  const text = (piece) => piece.replace(/&(?!(?:amp|lt|gt|nbsp|lrm|rlm|#\d+);)/g, "&amp;")
    .replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  for (const tag of line.matchAll(TAG)) {
    out += text(line.slice(from, tag.index)) + tag[0];
    from = tag.index + tag[0].length;
  }
  return out + text(line.slice(from));
}

/** A line to be edited: without escapes, unless those keep apart what would be taken for a tag. */
function unescaped(line) {
  const bare = line.replace(/&(lt|gt|nbsp|amp);/g, (_all, name) => ({ lt: "<", gt: ">", nbsp: " ", amp: "&" })[name]);
  return escaped(bare) === line.replaceAll("&nbsp;", " ") ? bare : line;
}

const withoutFonts = (line) => line.replace(/<\/?font[^>]*>|\{\\[^}]*\}/gi, "");

function forSubrip(line) {
  const kept = line.replace(TAG, (tag) => (tag.match(TAG_OF_SUBRIP) ? tag : ""));
  return kept.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&").replaceAll("-->", "→");
}
