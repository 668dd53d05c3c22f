// The watch page. The server gives <main data-playback-id data-master data-title data-poster data-storyboard
// data-download data-captions data-chapters>, and where viewings are counted data-events-url data-events-token data-consent;
// this makes the rest.
import { growingCaptions } from "./captions.js";
import { chapterList } from "./chapters.js";
import { clock, element } from "./dom.js";
import { downloadLink } from "./download.js";
import { observe } from "./engagement.js";
import { codecOf, play, shortSide } from "./engine.js";
import { listenForKeys, SHORTCUTS } from "./keys.js";
import { isStaff, lastPosition, lastSpeed, rememberPosition, rememberSpeed } from "./memory.js";
import { timeBar } from "./scrub.js";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];
const SAVE_EVERY_S = 5;
const WAITING_SHOWN_AFTER_MS = 1500;

const main = document.querySelector("main[data-master]");
const { playbackId, master, title, poster, rendered, storyboard, download, captions, chapters } = main.dataset;
const { eventsUrl, eventsToken, consent } = main.dataset;

const video = element("video", {
  controls: true, playsinline: true, preload: "auto", "aria-label": title || "Video", poster: poster || undefined,
});
const sentence = element("span");
const again = element("button", { type: "button" }, "Try again");
const box = element("div", { class: "notice", role: "alert", hidden: true }, sentence, again);
const waiting = element("p", { class: "hint", role: "status" });
const quality = element("select", { disabled: true }, element("option", { value: "-1" }, "Auto"));
const qualityField = element("label", {}, "Quality", quality);
const sound = element("select");
const soundField = element("label", { hidden: true }, "Sound", sound);
const speed = element("select", {}, ...SPEEDS.map((rate) => element("option", { value: rate }, `${rate}×`)));
const share = element("button", { type: "button" }, "Copy link at 0:00");
const help = element("details", {},
  element("summary", {}, "Keyboard shortcuts"),
  element("dl", {}, ...SHORTCUTS.flatMap(([key, what]) => [element("dt", {}, key), element("dd", {}, what)])));

if (!main.querySelector("h1")) main.prepend(element("h1", {}, title || "Video"));
main.querySelector("h1").after(
  element("div", { class: "stage" }, video), timeBar(video, storyboard), box,
  element("div", { class: "bar" }, qualityField, soundField, element("label", {}, "Speed", speed), share,
    ...(download ? [downloadLink(download)] : []), waiting),
  ...(chapters ? [chapterList(video, chapters)] : []), help);

// --- playing

const asked_s = Number(new URLSearchParams(location.search).get("t"));
const start_s = asked_s > 0 ? asked_s : lastPosition(playbackId);
let engine;
const viewing = eventsUrl && !isStaff() ? observe(video, {
  url: eventsUrl, token: eventsToken, video: playbackId, player: "lectern", consent: consent !== "false",
  quality: () => engine?.quality?.(),
}) : null;
engine = play(video, master, start_s, rendered.split(" ").filter(Boolean), (kind, text = "") => {
  box.hidden = kind === "ok";
  sentence.textContent = text;
  if (kind === "failed") viewing?.error("player_failed", true);
});
const { hls, retry } = engine;
again.addEventListener("click", retry);
if (captions === "growing") {
  if (hls) hls.config.renderTextTracksNatively = false; // else each would be there twice
  growingCaptions(video, master);
}
window.lectern = { hls, video, viewing }; // for tests, and for people who look

let waitingTimer;
video.addEventListener("waiting", () => {
  clearTimeout(waitingTimer);
  waitingTimer = setTimeout(() => (waiting.textContent = "Preparing this part …"), WAITING_SHOWN_AFTER_MS);
});
for (const name of ["playing", "pause", "seeked", "ended"]) {
  video.addEventListener(name, () => {
    clearTimeout(waitingTimer);
    waiting.textContent = "";
  });
}

// --- quality

if (hls) {
  hls.on(hls.constructor.Events.MANIFEST_PARSED, listQualities);
  hls.on(hls.constructor.Events.LEVEL_SWITCHED, listQualities);
  hls.on(hls.constructor.Events.LEVEL_SWITCHED, (_event, { level }) => {
    viewing?.switched(hls.levels[level].bitrate, hls.levels[level].height);
  });
  hls.on(hls.constructor.Events.ERROR, (_event, { details, fatal }) => fatal && viewing?.error(details)); // it goes on trying
  quality.addEventListener("change", () => {
    hls.nextLevel = Number(quality.value);
    nameAuto();
  });
} else {
  qualityField.hidden = true; // Apple's player chooses by itself and can't be told
}

// One entry a size: where a size exists in several codecs, the one of the same codec that plays now.
let listed;
function listQualities() {
  const playing = codecOf(hls.levels[hls.currentLevel] ?? hls.levels[hls.startLevel] ?? hls.levels[0]);
  if (playing === listed) return nameAuto();
  listed = playing;
  const bySize = new Map();
  hls.levels.forEach((level, index) => {
    if (codecOf(level) === playing || !bySize.has(shortSide(level))) bySize.set(shortSide(level), index);
  });
  const sizes = [...bySize].sort(([a], [b]) => b - a);
  quality.replaceChildren(
    element("option", { value: -1 }, "Auto"),
    ...sizes.map(([size_px, index]) => element("option", { value: index }, `${size_px}p`)));
  quality.disabled = sizes.length < 2;
  qualityField.hidden = sizes.every(([size_px]) => !size_px); // there is sound only
  nameAuto();
}

function nameAuto() {
  const level = hls.levels[hls.currentLevel];
  quality.options[0].textContent = hls.autoLevelEnabled && level ? `Auto (${shortSide(level)}p)` : "Auto";
}

// --- sound

if (hls) {
  hls.on(hls.constructor.Events.AUDIO_TRACKS_UPDATED, listSounds);
  hls.on(hls.constructor.Events.AUDIO_TRACK_SWITCHING, () => (sound.value = String(hls.audioTrack)));
  sound.addEventListener("change", () => (hls.audioTrack = Number(sound.value)));
}

function listSounds() {
  sound.replaceChildren(...hls.audioTracks.map((track, index) => (
    element("option", { value: index, lang: track.lang === "und" ? undefined : track.lang }, track.name))));
  sound.value = String(hls.audioTrack);
  soundField.hidden = hls.audioTracks.length < 2;
}

// --- speed

function setSpeed(rate) {
  video.defaultPlaybackRate = rate; // survives a new source
  video.playbackRate = rate;
}

function changeSpeed(by) {
  const at = SPEEDS.findIndex((rate) => rate >= video.playbackRate);
  setSpeed(SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, (at < 0 ? SPEEDS.length : at) + by))]);
}

speed.addEventListener("change", () => setSpeed(Number(speed.value)));
video.addEventListener("ratechange", () => {
  speed.value = String(video.playbackRate); // the browser's own menu can change it too
  if (video.playbackRate > 0) rememberSpeed(video.playbackRate);
});
setSpeed(lastSpeed());
speed.value = String(video.playbackRate);
listenForKeys(video, changeSpeed);

// --- position

let saved_s = 0;
function save() {
  // Until the start position is reached there is nothing to remember, and the old value must not be lost.
  if (!video.duration || (!video.currentTime && !video.played.length)) return;
  saved_s = video.currentTime;
  rememberPosition(playbackId, video.currentTime, video.duration);
}
video.addEventListener("timeupdate", () => {
  if (Math.abs(video.currentTime - saved_s) >= SAVE_EVERY_S) save();
  const label = `Copy link at ${clock(video.currentTime)}`;
  if (share.textContent !== label) share.textContent = label;
});
for (const name of ["pause", "ended"]) video.addEventListener(name, save);
addEventListener("pagehide", save);

share.addEventListener("click", async () => {
  const url = new URL(location.href);
  url.searchParams.set("t", Math.floor(video.currentTime));
  try {
    await navigator.clipboard.writeText(url.href);
    share.textContent = "Copied";
  } catch {
    history.replaceState(null, "", url); // no clipboard without HTTPS: the address bar has it now
    share.textContent = "See the address bar";
  }
});
