// Keyboard control. A focused control keeps its own keys: a menu its letters and arrows, a button space and enter,
// the native video controls (which hide inside <video>) space and arrows.
const TYPING = "input, textarea, select, [contenteditable]";
const PRESSABLE = "button, a, summary";
const NATIVE = new Set([" ", "Enter", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]);

export const SHORTCUTS = [
  ["Space or K", "play or pause"],
  ["J, L", "10 seconds back, forward"],
  ["← →", "5 seconds back, forward"],
  ["↑ ↓", "louder, quieter"],
  ["0 to 9", "jump to 0 % to 90 %"],
  ["< >", "slower, faster"],
  ["M", "sound off or on"],
  ["F", "full screen"],
];

export function listenForKeys(video, changeSpeed) {
  const seek = (by_s) => () => (video.currentTime = Math.min(Math.max(0, video.currentTime + by_s), video.duration || 0));
  const volume = (by) => () => (video.volume = Math.min(1, Math.max(0, video.volume + by)));
  const toggle = () => (video.paused ? video.play().catch(() => {}) : video.pause());
  const actions = {
    " ": toggle, k: toggle,
    j: seek(-10), l: seek(10), arrowleft: seek(-5), arrowright: seek(5),
    arrowup: volume(0.1), arrowdown: volume(-0.1),
    m: () => (video.muted = !video.muted),
    f: () => fullScreen(video),
    "<": () => changeSpeed(-1), ">": () => changeSpeed(1),
  };
  for (let digit = 0; digit <= 9; digit++) {
    actions[digit] = () => video.duration && (video.currentTime = (video.duration * digit) / 10);
  }
  let tabbed = false;
  document.addEventListener("pointerdown", () => (tabbed = false), true);
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (key === "Tab") tabbed = true;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (target.closest?.(TYPING)) return;
    if ((key === " " || key === "Enter") && target.closest?.(PRESSABLE)) return;
    // Reached by Tab, the focus may be on the volume inside. After a click on the picture the arrows are ours: the
    // browser's own would jump by a hundredth of the video, half a minute of an hour.
    if (target === video && NATIVE.has(key) && tabbed) return;
    const action = actions[key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }, true); // before the native controls see it, or both would act
}

function fullScreen(video) {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (video.requestFullscreen) video.requestFullscreen().catch(() => {});
  else video.webkitEnterFullscreen?.(); // iPhone
}
