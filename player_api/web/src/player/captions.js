// Captions that are still being made while somebody watches: looks for more of them, and shows what there is. The player
// reads the multivariant playlist only once, so here they are the browser's own text tracks.
import { element } from "../page/dom.js";
import { EDITION } from "./edition.js";

const LOOK_EVERY_MS = 5000;
const GIVE_UP_AFTER = 60; // looks without anything new

export function growingCaptions(video, master) {
  const shown = new Map(); // language -> <track>
  let quiet = 0;
  let timer;

  async function look() {
    try {
      const answer = await fetch(master, { cache: "no-store" });
      for (const { language, name, folder } of subtitles(await answer.text())) show(language, name, `${folder}all.vtt`);
    } catch { /* the next look may reach the server */ }
    if (++quiet < GIVE_UP_AFTER) timer = setTimeout(look, LOOK_EVERY_MS);
  }

  function show(language, name, address) {
    const before = shown.get(language);
    const src = new URL(address, new URL(master, location.href)).href;
    if (before?.src === src) return;
    quiet = 0;
    const track = element("track", { kind: "captions", srclang: language, label: name, src });
    video.append(track);
    track.track.mode = before?.track.mode ?? "disabled";
    before?.remove();
    shown.set(language, track);
  }

  video.addEventListener(EDITION, () => {
    clearTimeout(timer);
    quiet = 0;
    look();
  });
  look();
}

// [{language, name, folder}] of the text tracks of a multivariant playlist.
function subtitles(playlist) {
  const lines = playlist.split("\n").filter((line) => line.startsWith("#EXT-X-MEDIA:") && line.includes("TYPE=SUBTITLES"));
  return lines.map((line) => {
    const value = (name) => new RegExp(`[:,]${name}="([^"]*)"`).exec(line)?.[1] ?? "";
    return { language: value("LANGUAGE"), name: value("NAME"), folder: value("URI").replace(/[^/]*$/, "") };
  });
}
