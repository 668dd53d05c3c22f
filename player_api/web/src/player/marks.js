// Marks on the time bar: places worth going to, such as what a search found. Whoever finds them calls setMarks.
import { element } from "../page/dom.js";

const layer = element("div", { class: "marks", "aria-hidden": "true" });
let places_s = [];
let watched; // the one <video> of this page

/** The layer of `video`, for its time bar. */
export function marksLayer(video) {
  video.addEventListener("durationchange", () => draw(video.duration));
  watched = video;
  return layer;
}

/** Shows these places (in seconds) instead of those before; none: []. */
export function setMarks(times_s) {
  places_s = times_s;
  draw(watched?.duration);
}

function draw(duration_s) {
  if (!duration_s) return;
  layer.replaceChildren(...places_s.map((time_s) => {
    const mark = element("i");
    mark.style.left = `${(100 * time_s) / duration_s}%`;
    return mark;
  }));
}
