// The watch page and the page for frames. The server gives <main data-playback-id data-master data-title data-storyboard
// data-beside data-replayed data-live data-download data-captions data-chapters data-embed>, where viewings are counted data-events-url
// data-events-token data-consent, and in it a <video> that browsers play without this; here it gets its controls.
import { element } from "../page/dom.js";
import { isStaff } from "../page/key.js";
import { growingCaptions } from "../player/captions.js";
import { captionChoice } from "../player/caption_choice.js";
import { controlsAround } from "../player/controls.js";
import { share, shortcutsDialog } from "../player/dialogs.js";
import { downloadLink } from "../player/download.js";
import { lookForEditions } from "../player/edition.js";
import { observe } from "../player/engagement.js";
import { speakToParent } from "../player/frame.js";
import { listenForKeys } from "../player/keys.js";
import { liveButton } from "../player/live.js";
import { lastPosition, lastVolume, rememberPosition, rememberVolume } from "../player/memory.js";
import { qualityChoice } from "../player/quality.js";
import { timeBar } from "../player/scrub.js";
import { settings } from "../player/settings.js";
import { speedChoice } from "../player/speed.js";
import { statistics } from "../player/stats.js";
import { t } from "../player/words.js";
import { panels } from "./panel/panel.js";

const SAVE_EVERY_S = 5;
const WAITING_SHOWN_AFTER_MS = 1500;

const engineComing = import("../player/engine.js"); // most of the bytes: the controls do not wait for it
const main = document.querySelector("main[data-master]");
const { playbackId, master, title, rendered, storyboard, replayed, download, captions, chapters, embed, trimmed } = main.dataset;
const { eventsUrl, eventsToken, consent } = main.dataset;
const live = "live" in main.dataset; // it was, when the page was opened

// --- the element, and its controls

const stage = main.querySelector(".stage");
const video = stage.querySelector("video");
const pressed = !video.paused; // play, before this script came
video.replaceChildren(); // its sources and tracks are for browsers without this script
video.load();
video.preload = "auto";

const sentence = element("span");
const again = element("button", { type: "button" }, t("try-again"));
const box = element("div", { class: "notice bad", role: "alert", hidden: true }, sentence, again);
const waiting = element("p", { class: "waiting", role: "status" });
const quality = qualityChoice();
const speed = speedChoice(video, { live });
const texts = captionChoice(video);
const air = liveButton(video, live, over);
const stats = statistics(video, air.behind_s);
const { button: settingsButton, panel } = settings([...quality.fields, speed.field, ...texts.fields, stats.field]);
const { fullScreen } = controlsAround(video, {
  bar: timeBar(video, { storyboard, replayed, chapters }), buttons: [air.button, texts.button, settingsButton],
});
const help = shortcutsDialog();
stage.append(waiting, stats.panel, box);

const sharing = share(video, { title, embed });
main.querySelector(".bar").append(sharing.button, ...(download ? [downloadLink(download)] : []));
main.append(panel, help, sharing.dialog);
panels(video, { ...main.dataset });
listenForKeys(video, { speed: speed.change, captions: texts.toggle, help: () => help.showModal(), fullScreen });

let waitingTimer;
video.addEventListener("waiting", () => {
  clearTimeout(waitingTimer);
  waitingTimer = setTimeout(() => (waiting.textContent = t(air.paused() ? "interrupted" : "preparing")), WAITING_SHOWN_AFTER_MS);
});
for (const name of ["playing", "pause", "seeked", "ended"]) {
  video.addEventListener(name, () => {
    clearTimeout(waitingTimer);
    waiting.textContent = "";
  });
}

/** What was live has ended: the page is that of its recording now, but for what needs to be made first. */
function over() {
  delete main.dataset.live;
  main.querySelector(".bar").append(element("p", { class: "over", role: "status" }, t("over"), " ",
    element("a", { href: location.pathname }, t("over-open"))));
}

// --- playing

const asked = new URLSearchParams(location.search);
const asked_s = Number(asked.get("t"));
const silent = asked.has("muted"); // beside something else: it plays by itself, without sound
const start_s = asked_s > 0 ? asked_s : live ? 0 : lastPosition(playbackId, Number(trimmed) || 0); // 0: where it is live
let engine;
const viewing = eventsUrl && !isStaff() ? observe(video, {
  url: eventsUrl, token: eventsToken, video: playbackId, player: "lectern", consent: consent !== "false",
  quality: () => ({ ...engine?.quality?.(), live: air.now(), behind_s: air.behind_s() }),
}) : null;
window.lectern = { hls: null, video, viewing }; // for tests, and for people who look

({ volume: video.volume, muted: video.muted } = lastVolume());
if (silent) video.muted = true;
else video.addEventListener("volumechange", () => rememberVolume(video.volume, video.muted));

let saved_s = 0;
function save() {
  // Until the start position is reached there is nothing to remember, and the old value must not be lost.
  if (!video.duration || (!video.currentTime && !video.played.length)) return;
  saved_s = video.currentTime;
  rememberPosition(playbackId, video.currentTime, video.duration, engine?.trimmed_s?.() ?? (Number(trimmed) || 0));
}
video.addEventListener("timeupdate", () => Math.abs(video.currentTime - saved_s) >= SAVE_EVERY_S && save());
for (const name of ["pause", "ended"]) video.addEventListener(name, save);
addEventListener("pagehide", save);

const { play } = await engineComing;
engine = play(video, master, start_s, rendered.split(" ").filter(Boolean), (kind, text = "") => {
  if (kind === "waiting") waiting.textContent = t("not-begun");
  else if (waiting.textContent === t("not-begun")) waiting.textContent = "";
  box.hidden = kind === "ok" || kind === "waiting";
  sentence.textContent = text;
  if (kind === "failed") viewing?.error("player_failed", true);
}, { live });
const { hls, retry } = engine;
again.addEventListener("click", retry);
window.lectern.hls = hls;
if (pressed || silent) video.play().catch(() => {});
for (const one of [quality, air, stats]) one.follow(hls);
if (captions === "growing") {
  if (hls) hls.config.renderTextTracksNatively = false; // else each would be there twice
  growingCaptions(video, master);
}
if (embed && !live) lookForEditions(video, master, engine.keepUp); // a page without a server stays as it is
if (hls) {
  const { Events } = hls.constructor;
  hls.on(Events.LEVEL_SWITCHED, (_event, { level }) => viewing?.switched(hls.levels[level].bitrate, hls.levels[level].height));
  hls.on(Events.ERROR, (_event, { details, fatal }) => fatal && viewing?.error(details)); // it goes on trying
}
speakToParent(video);
