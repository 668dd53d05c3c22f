// A recording as a strip of small pictures, with a handle where it shall start and one where it shall end. Of what is cut off
// now there are no pictures: the strip has stripes there.
import { element } from "../page/dom.js";
import { paint, Tiles } from "../player/tiles.js";
import { stamp } from "./editing/times.js";

const PICTURE_PX = 96;
const STEP_S = 1;
const LARGE_STEP_S = 10;
const PAGE_S = 60;

/**
 * @param {{storyboard?: string, all_s: number, now: {start: number, end: number}, names: {strip: string, start: string,
 *   end: string, keys: string}}} about `storyboard` has the pictures of the part `now` of the recording, of `all_s`
 * @param {(which: "start" | "end", time_s: number) => void} moved a handle is wanted elsewhere
 * @param {(time_s: number) => void} pointed somebody points at a place between them
 * @returns {{box: HTMLElement, show(start_s: number, end_s: number, shown_s: number): void}}
 */
export function trimStrip({ storyboard, all_s, now, names }, moved, pointed) {
  const pictures = element("div", { class: "pictures", "aria-hidden": "true" });
  const off = { start: element("div", { class: "off start" }), end: element("div", { class: "off end" }) };
  const head = element("div", { class: "head" });
  const handles = { start: handle("start"), end: handle("end") };
  const hint = element("p", { class: "quiet small", id: "trim-keys" }, names.keys);
  const rail = element("div", { class: "rail", role: "group", "aria-label": names.strip },
    pictures, off.start, off.end, head, handles.start, handles.end);
  const box = element("div", { class: "trim-strip" }, rail, hint);
  const tiles = new Tiles(storyboard, "no-cache"); // it may just have become another one
  let at = now;
  let painted = 0;

  function handle(which) {
    const node = element("div", { class: `handle ${which}`, role: "slider", tabindex: "0", "aria-label": names[which],
      "aria-describedby": "trim-keys", "aria-valuemin": "0", "aria-valuemax": String(all_s) });
    node.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.stopPropagation();
      node.setPointerCapture(event.pointerId);
    });
    node.addEventListener("pointermove", (event) => node.hasPointerCapture(event.pointerId) && moved(which, placeOf(event)));
    node.addEventListener("keydown", (event) => {
      const step_s = event.shiftKey ? LARGE_STEP_S : STEP_S;
      const to = { ArrowLeft: at[which] - step_s, ArrowDown: at[which] - step_s, ArrowRight: at[which] + step_s,
        ArrowUp: at[which] + step_s, PageDown: at[which] - PAGE_S, PageUp: at[which] + PAGE_S, Home: 0, End: all_s }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      moved(which, to);
    });
    return node;
  }

  function placeOf(event) {
    const { left, width } = rail.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - left) / width)) * all_s;
  }

  async function fill() {
    const count = Math.max(1, Math.round(pictures.clientWidth / PICTURE_PX));
    if (count === painted) return;
    painted = count;
    const found = await Promise.all([...Array(count).keys()].map((i) => tiles.at(((i + 0.5) / count) * (now.end - now.start))));
    if (count !== painted) return; // it has another width by now
    pictures.replaceChildren(...found.map((tile) => {
      const slot = element("span");
      if (tile) {
        const picture = element("i");
        paint(picture, tile, Math.max(PICTURE_PX / tile.width, rail.clientHeight / tile.height));
        slot.append(picture);
      }
      return slot;
    }));
  }

  rail.addEventListener("pointerdown", (event) => event.button || pointed(placeOf(event)));
  new ResizeObserver(fill).observe(rail);
  const percent = (time_s) => `${(100 * Math.min(Math.max(time_s, 0), all_s)) / all_s}%`;
  pictures.style.left = percent(now.start);
  pictures.style.width = percent(now.end - now.start);
  return {
    box,
    show(start_s, end_s, shown_s) {
      at = { start: start_s, end: end_s };
      for (const which of ["start", "end"]) {
        handles[which].style.left = percent(at[which]);
        handles[which].setAttribute("aria-valuenow", at[which].toFixed(1));
        handles[which].setAttribute("aria-valuetext", stamp(at[which]));
      }
      off.start.style.width = percent(start_s);
      off.end.style.left = percent(end_s);
      head.style.left = percent(shown_s);
    },
  };
}
