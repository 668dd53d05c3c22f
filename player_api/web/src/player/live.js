// What is live: the button that says so, how far behind one is, and the way to now. When it ends, the same player goes on
// with the recording, and the button goes.
import { clock, element } from "../page/dom.js";
import { t } from "./words.js";

const BEHIND_S = 5; // beyond what the player keeps from the edge: less it makes good by itself
const NEAR_S = 30; // still watched live, as it is counted
const LOOK_MS = 500;

/**
 * @param {HTMLVideoElement} video
 * @param {boolean} live when the page was opened
 * @param {() => void} onEnd the lecture is over
 * @returns {{button: Element, follow(hls: object | null): void, now(): boolean, behind_s(): number | null, paused(): boolean}}
 *   `now`: what is shown counts as live; `behind_s`: the newest picture, null where it is not live; `paused`: the stream
 *   itself does not go on, all there is of it has been shown
 */
export function liveButton(video, live, onEnd) {
  const text = element("span");
  const button = element("button", { type: "button", class: "on-video live-button", hidden: !live }, element("i"), text);
  let hls = null;
  let on_air = live;

  const details = () => hls?.latestLevelDetails;
  const edge_s = () => (hls ? details() && details().edge + Math.min(details().age, details().targetduration)
    : video.seekable.length && video.seekable.end(video.seekable.length - 1));

  function behind_s() {
    const edge = edge_s();
    return on_air && edge ? Math.max(0, edge - video.currentTime) : null;
  }

  function show() {
    const behind = behind_s() ?? 0;
    const late = behind > BEHIND_S + (hls?.targetLatency ?? 0);
    const behind_text = `-${clock(behind)}`;
    const name = late ? t("go-live", { behind: behind_text }) : t("live-now");
    text.textContent = late ? behind_text : t("live");
    button.classList.toggle("late", late);
    button.setAttribute("aria-label", name);
    button.title = name;
  }

  function go() {
    const to_s = hls ? hls.liveSyncPosition : edge_s();
    if (to_s) video.currentTime = to_s;
    video.play().catch(() => {});
  }

  function ended() {
    if (!on_air) return;
    on_air = false;
    button.hidden = true;
    clearInterval(timer);
    onEnd();
  }

  const timer = live ? setInterval(show, LOOK_MS) : undefined;
  if (live) show();
  button.addEventListener("click", go);

  return {
    button,
    behind_s,
    now: () => on_air && (behind_s() ?? 0) < NEAR_S,
    paused: () => on_air && Boolean(details()?.live) && details().edge - video.currentTime < 1,
    follow(engine) {
      hls = engine;
      if (!on_air) return;
      if (!hls) { // Apple's player: what grows has no end
        video.addEventListener("durationchange", () => Number.isFinite(video.duration) && ended());
        return;
      }
      hls.on(hls.constructor.Events.LEVEL_UPDATED, (_event, { details: { live: goes_on } }) => goes_on || ended());
      hls.on(hls.constructor.Events.LEVEL_LOADED, (_event, { details: { live: goes_on } }) => goes_on || ended());
    },
  };
}
