// How well it plays, in numbers, over the picture: for who wonders, and for who helps them.
import { element } from "../page/dom.js";
import { numberOf } from "../page/words.js";
import { t } from "./words.js";

const LOOK_MS = 1000;

/**
 * @param {HTMLVideoElement} video
 * @param {() => number | null} behind_s how far behind the newest picture of what is live; null: it is not live
 * @returns {{field: Element, panel: Element, follow(hls: object | null): void}} the field belongs into the settings
 */
export function statistics(video, behind_s) {
  const list = element("dl");
  const panel = element("div", { class: "stats", role: "region", "aria-label": t("stats"), hidden: true }, list);
  const box = element("input", { type: "checkbox" });
  const field = element("label", {}, t("stats"), box);
  let hls = null;
  let timer;

  function lines() {
    const level = hls?.levels[hls.currentLevel];
    const quality = video.getVideoPlaybackQuality?.();
    const behind = behind_s();
    return [
      ["stats-picture", video.videoWidth ? `${video.videoWidth}×${video.videoHeight}` : "–"],
      ["stats-bitrate", level ? t("stats-kbit", { value: numberOf(Math.round(level.bitrate / 1000)) }) : "–"],
      ["stats-line", hls?.bandwidthEstimate ? t("stats-kbit", { value: numberOf(Math.round(hls.bandwidthEstimate / 1000)) }) : "–"],
      ["stats-buffer", seconds(ahead_s(video))],
      ["stats-dropped", quality ? `${quality.droppedVideoFrames} / ${quality.totalVideoFrames}` : "–"],
      ...(behind === null ? [] : [["stats-latency", seconds(behind)]]),
    ];
  }

  function show() {
    list.replaceChildren(...lines().flatMap(([name, value]) => [element("dt", {}, t(name)), element("dd", {}, value)]));
  }

  box.addEventListener("change", () => {
    panel.hidden = !box.checked;
    clearInterval(timer);
    if (!box.checked) return;
    show();
    timer = setInterval(show, LOOK_MS);
  });
  return { field, panel, follow: (engine) => (hls = engine) };
}

const seconds = (value_s) => t("stats-seconds", { value: numberOf(Math.round(value_s * 10) / 10) });

function ahead_s({ buffered, currentTime }) {
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) <= currentTime + 0.1 && currentTime <= buffered.end(i)) return buffered.end(i) - currentTime;
  }
  return 0;
}
