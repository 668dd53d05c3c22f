// The player in a frame of another page tells that page what it does, and does what it asks: the other side of
// lectern-player.js. Only what the picture shows anyway is told, so any page may listen.
const TOLD = ["play", "pause", "timeupdate", "durationchange", "ended", "ratechange"];
const FASTEST = 2.5;

export function speakToParent(video) {
  if (window.parent === window) return;
  const state = () => ({
    currentTime: video.currentTime, duration: video.duration, paused: video.paused, ended: video.ended,
    playbackRate: video.playbackRate,
  });
  const tell = (name) => window.parent.postMessage({ lectern: name, state: state() }, "*");

  addEventListener("message", ({ data, source }) => {
    const wish = source === window.parent && data?.lectern;
    if (!wish || typeof wish !== "object") return;
    if (wish.play) video.play().catch(() => {}); // a browser may want a press first
    if (wish.pause) video.pause();
    if (wish.currentTime >= 0 && wish.currentTime < Infinity) video.currentTime = wish.currentTime;
    if (wish.playbackRate > 0) video.playbackRate = Math.min(FASTEST, wish.playbackRate);
  });
  for (const name of TOLD) video.addEventListener(name, () => tell(name));
  tell("ready");
}
