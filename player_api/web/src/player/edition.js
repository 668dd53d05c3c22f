// Which recording a page shows, and which part of it. Its creator may trim or replace it while somebody watches. The page goes
// on with what is shown now, at the same moment; whatever shows something of it is told by the event EDITION of the <video>.
export const EDITION = "editionchange";

const LOOK_EVERY_MS = 30_000;
const VERSION = /\/p_\w+~(\w+)\//;
const START = /DATA-ID="org\.lectern\.start",VALUE="([\d.]+)"/;

/** What tells the pieces of a video from those that it had before, by the address of one or a playlist that has some. */
export const versionOf = (text = "") => VERSION.exec(text)?.[1] ?? "";

/** Load what shows something of the recording, now and of each later edition. `load` gets the `cache` to fetch() with. */
export function forEachEdition(video, load) {
  load("default");
  video.addEventListener(EDITION, () => load("no-cache"));
}

/**
 * Looks while somebody uses the player, and when they come back to the page; a page that nobody uses asks nothing. A player
 * that misses a piece asks sooner, by itself.
 * @param {HTMLVideoElement} video
 * @param {string} master address of the multivariant playlist
 * @param {(is: {version: string, trimmed_s: number}) => void} told what is shown by now, which may be what is shown here
 */
export function lookForEditions(video, master, told) {
  let looked_ms = performance.now();

  async function look() {
    looked_ms = performance.now();
    const answer = await fetch(master, { cache: "no-cache" }).catch(() => null); // away: the player says so
    if (!answer?.ok) return;
    const playlist = await answer.text();
    told({ version: versionOf(playlist), trimmed_s: Number(START.exec(playlist)?.[1]) || 0 });
  }

  for (const name of ["play", "timeupdate", "seeking"]) {
    video.addEventListener(name, () => performance.now() - looked_ms > LOOK_EVERY_MS && look());
  }
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
}
