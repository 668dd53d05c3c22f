// The small pictures of a video, from its storyboard: WebVTT whose cues name a rectangle of a sheet
// (sheet.jpg#xywh=x,y,width,height).
import { seconds } from "../page/dom.js";

const CUE = /^((?:\d+:)?\d+:\d+\.\d+) --> ((?:\d+:)?\d+:\d+\.\d+).*\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)/gm;

/** The pictures of a storyboard; its list is fetched when the first is asked for, with `cache` as of fetch(). */
export class Tiles {
  constructor(address, cache) {
    this.cache = cache;
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
      const answer = await fetch(this.address, { cache: this.cache });
      return answer.ok ? parse(await answer.text(), this.address) : [];
    } catch {
      this.list = undefined; // the network is away: ask again with the next picture
      return [];
    }
  }
}

/** Makes of an element the picture of a tile, `zoom` times as large. */
export function paint(node, { url, x, y, width, height }, zoom) {
  node.style.width = `${width}px`;
  node.style.height = `${height}px`;
  node.style.zoom = zoom;
  node.style.backgroundImage = `url("${url}")`;
  node.style.backgroundPosition = `-${x}px -${y}px`;
}

function parse(text, base) {
  return [...text.matchAll(CUE)].map(([, start, end, sheet, x, y, width, height]) => ({
    start_s: seconds(start), end_s: seconds(end), url: new URL(sheet, base).href,
    x: Number(x), y: Number(y), width: Number(width), height: Number(height),
  }));
}
