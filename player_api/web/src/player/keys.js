// Keyboard control. A focused control keeps its own keys: a menu its letters and arrows, a button space and enter, the
// volume its arrows.
import { t } from "./words.js";

const TYPING = "input, textarea, select, [contenteditable]";
const PRESSABLE = "button, a, summary, [role=button]";
const VOLUME = "media-volume-range";

export const SHORTCUTS = [
  [t("key-space"), t("key-play")],
  ["J, L", t("key-ten")],
  ["← →", t("key-five")],
  ["↑ ↓", t("key-volume")],
  [t("key-digits"), t("key-tenths")],
  ["< >", t("key-speed")],
  ["C", t("key-captions")],
  ["M", t("key-mute")],
  ["F", t("key-full")],
  ["?", t("key-help")],
];

/** `does`: {speed(by), captions(), help(), fullScreen()}. */
export function listenForKeys(video, does) {
  const seek = (by_s) => () => (video.currentTime = Math.min(Math.max(0, video.currentTime + by_s), video.duration || 0));
  const volume = (by) => () => (video.volume = Math.min(1, Math.max(0, video.volume + by)));
  const toggle = () => (video.paused ? video.play().catch(() => {}) : video.pause());
  const actions = {
    " ": toggle, k: toggle,
    j: seek(-10), l: seek(10), arrowleft: seek(-5), arrowright: seek(5),
    arrowup: volume(0.1), arrowdown: volume(-0.1),
    m: () => (video.muted = !video.muted),
    f: does.fullScreen, c: does.captions, "?": does.help,
    "<": () => does.speed(-1), ">": () => does.speed(1),
  };
  for (let digit = 0; digit <= 9; digit++) {
    actions[digit] = () => video.duration && (video.currentTime = (video.duration * digit) / 10);
  }
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (target.closest?.(TYPING)) return;
    if ((key === " " || key === "Enter") && target.closest?.(PRESSABLE)) return;
    if (key.startsWith("Arrow") && target.closest?.(VOLUME)) return;
    if (document.querySelector("dialog[open]")) return;
    const action = actions[key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }, true); // before the controls see it, or both would act
}
