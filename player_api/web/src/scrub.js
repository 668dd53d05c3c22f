// The time bar under the picture: where we are, what is loaded, and a small picture of the place the pointer is at. The
// pictures are the storyboard's: WebVTT whose cues name a rectangle of a sheet (sheet.jpg#xywh=x,y,width,height).
import { clock, element, seconds } from "./dom.js";

const CUE = /^((?:\d+:)?\d+:\d+\.\d+) --> ((?:\d+:)?\d+:\d+\.\d+).*\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)/gm;
const PAGE_S = 60;

export function timeBar(video, storyboard) {
  const played = element("div", { class: "played" });
  const loaded = element("div", { class: "loaded" });
  const picture = element("div", { class: "tile", hidden: true });
  const label = element("span");
  const preview = element("div", { class: "preview", "aria-hidden": "true", hidden: true }, picture, label);
  const bar = element("div", { class: "scrub", role: "slider", tabindex: "0", "aria-label": "Time", "aria-valuemin": "0" },
    element("div", { class: "rail" }, loaded, played), preview);
  const tiles = new Tiles(storyboard);
  let dragging = false;

  const percent = (time_s) => `${video.duration ? Math.min(100, (100 * time_s) / video.duration) : 0}%`;

  function show() {
    const { currentTime, duration, buffered } = video;
    played.style.width = percent(currentTime);
    const ends = [...Array(buffered.length).keys()].filter((i) => buffered.start(i) <= currentTime).map((i) => buffered.end(i));
    loaded.style.width = percent(Math.max(0, ...ends));
    if (!duration) return;
    bar.setAttribute("aria-valuemax", Math.floor(duration));
    bar.setAttribute("aria-valuenow", Math.floor(currentTime));
    bar.setAttribute("aria-valuetext", `${clock(currentTime)} of ${clock(duration)}`);
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
    preview.hidden = false;
    preview.dataset.time = time_s;
    const tile = await tiles.at(time_s);
    if (preview.hidden || Number(preview.dataset.time) !== time_s) return; // the pointer is elsewhere by now
    picture.hidden = !tile;
    if (tile) {
      const scale = Math.min(1, width / 2 / tile.width);
      picture.style.width = `${tile.width}px`;
      picture.style.height = `${tile.height}px`;
      picture.style.backgroundImage = `url("${tile.url}")`;
      picture.style.backgroundPosition = `-${tile.x}px -${tile.y}px`;
      picture.style.zoom = scale;
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
  for (const name of ["timeupdate", "progress", "seeking", "durationchange"]) video.addEventListener(name, show);
  return bar;
}

/** The pictures of a storyboard; its list is fetched when the first is asked for. */
class Tiles {
  constructor(address) {
    this.address = address && new URL(address, document.baseURI);
  }

  async at(time_s) {
    this.list ??= this.fetch();
    const found = (await this.list).find((tile) => time_s < tile.end_s);
    return found;
  }

  async fetch() {
    if (!this.address) return [];
    try {
      const answer = await fetch(this.address);
      return answer.ok ? parse(await answer.text(), this.address) : [];
    } catch {
      this.list = undefined; // the network is away: ask again with the next picture
      return [];
    }
  }
}

function parse(text, base) {
  return [...text.matchAll(CUE)].map(([, start, end, sheet, x, y, width, height]) => ({
    start_s: seconds(start), end_s: seconds(end), url: new URL(sheet, base).href,
    x: Number(x), y: Number(y), width: Number(width), height: Number(height),
  }));
}
