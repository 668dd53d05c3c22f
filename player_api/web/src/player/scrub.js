// The time bar: where we are, what is loaded, the chapters as its pieces, marks, what is most replayed; and where the
// pointer is, a small picture of that place with its chapter.
import { clock, element } from "../page/dom.js";
import { fetchChapters } from "./chapters.js";
import { forEachEdition } from "./edition.js";
import { marksLayer } from "./marks.js";
import { replayedCurve } from "./replayed.js";
import { paint, Tiles } from "./tiles.js";
import { t } from "./words.js";

const PAGE_S = 60;

/**
 * @param {HTMLVideoElement} video
 * @param {{storyboard?: string, replayed?: string, chapters?: string}} about their addresses
 */
export function timeBar(video, { storyboard, replayed, chapters }) {
  const played = element("div", { class: "played" });
  const loaded = element("div", { class: "loaded" });
  const picture = element("div", { class: "tile", hidden: true });
  const label = element("span");
  const where = element("b", { hidden: true });
  const cuts = element("div", { class: "cuts" });
  const preview = element("div", { class: "preview", "aria-hidden": "true", hidden: true }, picture, where, label);
  const bar = element("div", { class: "scrub", role: "slider", tabindex: "0", "aria-label": t("time"), "aria-valuemin": "0" },
    replayedCurve(video, replayed), element("div", { class: "rail" }, loaded, played, cuts), marksLayer(video), preview);
  let tiles;
  let dragging = false;
  let parts = [];

  const percent = (time_s) => `${video.duration ? Math.min(100, (100 * time_s) / video.duration) : 0}%`;

  function show() {
    const { currentTime, duration, buffered } = video;
    played.style.width = percent(currentTime);
    const ends = [...Array(buffered.length).keys()].filter((i) => buffered.start(i) <= currentTime).map((i) => buffered.end(i));
    loaded.style.width = percent(Math.max(0, ...ends));
    if (!duration) return;
    bar.setAttribute("aria-valuemax", Math.floor(duration));
    bar.setAttribute("aria-valuenow", Math.floor(currentTime));
    bar.setAttribute("aria-valuetext", t("time-of", { now: clock(currentTime), all: clock(duration) }));
  }

  function cut() {
    if (!video.duration) return;
    cuts.replaceChildren(...parts.slice(1).map(({ start_s }) => {
      const gap = element("i");
      gap.style.left = percent(start_s);
      return gap;
    }));
  }

  function placeOf(event) {
    const box = bar.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * (video.duration || 0);
  }

  async function peek(event) {
    if (!video.duration) return;
    const time_s = placeOf(event);
    const width = bar.clientWidth;
    label.textContent = clock(time_s);
    where.textContent = parts.findLast(({ start_s }) => start_s <= time_s)?.title ?? "";
    where.hidden = !where.textContent;
    preview.hidden = false;
    preview.dataset.time = time_s;
    const tile = await tiles.at(time_s);
    if (preview.hidden || Number(preview.dataset.time) !== time_s) return; // the pointer is elsewhere by now
    picture.hidden = !tile;
    if (tile) {
      paint(picture, tile, Math.min(1, width / 2 / tile.width));
    }
    const half = preview.offsetWidth / 2;
    preview.style.left = `${Math.min(width - half, Math.max(half, (width * time_s) / video.duration))}px`;
  }

  bar.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    dragging = true;
    bar.setPointerCapture(event.pointerId);
    peek(event);
  });
  bar.addEventListener("pointermove", peek);
  bar.addEventListener("pointerup", (event) => {
    if (dragging && video.duration) video.currentTime = placeOf(event);
    dragging = false;
    if (event.pointerType === "touch") preview.hidden = true;
  });
  bar.addEventListener("pointercancel", () => {
    dragging = false;
    preview.hidden = true;
  });
  bar.addEventListener("pointerleave", () => (preview.hidden = !dragging));
  bar.addEventListener("keydown", ({ key }) => {
    // The arrows are the page's own shortcuts.
    const to = { Home: 0, End: video.duration, PageUp: video.currentTime + PAGE_S, PageDown: video.currentTime - PAGE_S }[key];
    if (to === undefined || !video.duration) return;
    video.currentTime = Math.min(Math.max(0, to), video.duration);
  });
  forEachEdition(video, async (cache) => {
    tiles = new Tiles(storyboard, cache);
    parts = await fetchChapters(chapters, cache);
    cut();
  });
  video.addEventListener("durationchange", cut);
  for (const name of ["timeupdate", "progress", "seeking", "durationchange"]) video.addEventListener(name, show);
  return bar;
}
