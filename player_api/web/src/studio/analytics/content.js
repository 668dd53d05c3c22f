// What is said and shown at each second of a video: its captions, slides, chapters and the pictures of its storyboard.
import { api, request } from "../../page/api.js";
import { seconds } from "../../page/dom.js";

const CUE = /^((?:\d+:)?\d+:\d+\.\d+) --> ((?:\d+:)?\d+:\d+\.\d+)[^\n]*\n((?:.+\n?)+)/gm;
const TILE = /^(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)/;
const MARKUP = /<[^>]*>/g;

/**
 * @param video as the API shows it
 * @returns {Promise<Content>}
 * @throws {Problem}
 */
export async function contentOf(video) {
  const [captions, slides, chapters, tiles] = await Promise.all([
    spoken(video), api(`/videos/${video.id}/slides`), api(`/videos/${video.id}/chapters`), storyboard(video)]);
  return new Content(video, captions, slides.items, chapters.items, tiles);
}

class Content {
  constructor(video, captions, slides, chapters, tiles) {
    Object.assign(this, { captions, slides, chapters, tiles });
    this.pictures = video.poster_url?.replace(/thumbnail\.jpg.*$/, "thumbnail.jpg"); // kept for as long as the recording is this one
  }

  /** What is said from one second to another, or last before. */
  said(start_s, end_s) {
    const there = this.captions.filter((cue) => cue.start_s < end_s && cue.end_s > start_s);
    const cues = there.length ? there : this.captions.filter((cue) => cue.end_s <= start_s).slice(-1);
    return cues.map((cue) => cue.text).join(" ");
  }

  slide(time_s) {
    return this.slides.find((one) => one.start_s <= time_s && time_s < one.end_s);
  }

  chapter(time_s) {
    return this.chapters.findLast((one) => one.start_s <= time_s);
  }

  tile(time_s) {
    return this.tiles.find((one) => time_s < one.end_s) ?? this.tiles.at(-1);
  }

  /** The address of the picture at a time; undefined where the video can't be shown yet. */
  picture(time_s) {
    return this.pictures && `${this.pictures}?time=${time_s}`;
  }
}

// The language that is spoken, as corrected by people; else whatever captions there are.
async function spoken(video) {
  const { items } = await api(`/videos/${video.id}/captions`);
  const base = (code) => code?.split("-")[0];
  const own = items.find((one) => base(one.language) === base(video.language) && !one.translated_from) ?? items[0];
  if (!own) return [];
  const text = await (await request(`/videos/${video.id}/captions/${own.language}`)).text();
  return cues(text).map((cue) => ({ ...cue, text: cue.text.replace(MARKUP, "").replace(/\s+/g, " ").trim() }));
}

async function storyboard(video) {
  if (!video.storyboard_url) return [];
  const answer = await fetch(video.storyboard_url).catch(() => undefined);
  if (!answer?.ok) return []; // pictures are a convenience: the curve is there without them
  return cues(await answer.text()).flatMap(({ text, ...cue }) => {
    const [, sheet, x, y, width, height] = TILE.exec(text) ?? [];
    const url = sheet && new URL(sheet, new URL(video.storyboard_url, location.href)).href;
    return url ? [{ ...cue, url, x: Number(x), y: Number(y), width: Number(width), height: Number(height) }] : [];
  });
}

const cues = (text) => [...text.replaceAll("\r\n", "\n").matchAll(CUE)].map(([, start, end, body]) => ({
  start_s: seconds(start), end_s: seconds(end), text: body }));
