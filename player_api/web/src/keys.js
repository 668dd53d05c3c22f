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
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (target.closest?.(TYPING)) return;
    if ((key === " " || key === "Enter") && target.closest?.(PRESSABLE)) return;
    if (target === video && NATIVE.has(key)) return;
    const action = actions[key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

function fullScreen(video) {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (video.requestFullscreen) video.requestFullscreen().catch(() => {});
  else video.webkitEnterFullscreen?.(); // iPhone
}
