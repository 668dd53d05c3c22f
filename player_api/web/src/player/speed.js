// The speed, with the pitch kept, and remembered.
import { element } from "../page/dom.js";
import { lastSpeed, rememberSpeed } from "./memory.js";
import { t } from "./words.js";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5];

/**
 * `live`: it begins at 1, and what hls.js makes of that to catch up is not remembered.
 * @returns {{field: Element, change(by: number): void}} `change` goes some steps up or down.
 */
export function speedChoice(video, { live }) {
  const menu = element("select", {}, ...SPEEDS.map((rate) => element("option", { value: rate }, `${rate}×`)));

  function set(rate) {
    video.defaultPlaybackRate = rate; // survives a new source
    video.playbackRate = rate;
  }

  function change(by) {
    const at = SPEEDS.findIndex((rate) => rate >= video.playbackRate);
    set(SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, (at < 0 ? SPEEDS.length : at) + by))]);
  }

  video.preservesPitch = true;
  menu.addEventListener("change", () => set(Number(menu.value)));
  video.addEventListener("ratechange", () => {
    menu.value = String(video.playbackRate);
    if (video.playbackRate > 0 && !live) rememberSpeed(video.playbackRate);
  });
  set(live ? 1 : Math.min(SPEEDS.at(-1), Math.max(SPEEDS[0], lastSpeed())));
  menu.value = String(video.playbackRate);
  return { field: element("label", {}, t("speed"), menu), change };
}
