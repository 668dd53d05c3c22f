// Tells a Lectern server which seconds of a video were watched, and how well it played. For any page with a <video> or
// <audio>; without dependencies. docs/player-events.md has the rules of what is sent.
//
//   import { observe } from "https://LECTERN/engagement.js";
//   observe(document.querySelector("video"), { url: "https://LECTERN/api/v1/events", token, video: PLAYBACK_ID });
//
// A handler reads some properties and adds to a list; sending is a task of its own, some seconds later.
import { Outbox } from "./outbox.js";
import { begin, step } from "./rendered.js";

const LOOKS = ["loadedmetadata", "play", "playing", "canplay", "pause", "waiting", "seeking", "seeked", "ratechange",
  "timeupdate", "ended", "emptied", "enterpictureinpicture", "leavepictureinpicture"];
const VIEWER = "lectern.viewer";
const DROPPED_TOLD_AFTER = 50;

/**
 * @param {HTMLMediaElement} media
 * @param {object} how
 * @param {string} how.url where events go
 * @param {string | (() => string | Promise<string>)} how.token what allows it; a function is asked again when one ran out
 * @param {string} how.video the playback id
 * @param {string} [how.player] a name and version
 * @param {() => {switches?, bitrate?, height?, live?, behind_s?}} [how.quality] `switches` counts from the beginning, `bitrate`
 *   is in bits a second; `live`: what is shown is live, and not seen again; `behind_s`: the newest picture, while it is live
 * @param {boolean} [how.consent] false: nothing is kept in this browser, and no viewer is named
 * @returns {{session: string, error(code, fatal): void, flush(): Promise<void>, lost: number, refused: number, end(): void}}
 */
export function observe(media, { url, token, video, player, quality, consent = true }) {
  const keeps = consent && !askedNotToBeFollowed() ? deviceStorage() : null;
  const session = uuid7();
  const about = { v: 1, video, session };
  if (keeps) about.viewer = viewerId(keeps);
  if (player) about.player = player;
  if (keeps) about.tz = Intl.DateTimeFormat().resolvedOptions().timeZone;

  const outbox = new Outbox({ url, token, about, storage: keeps });
  const off = new AbortController();
  let state = begin();
  let seq = 0;
  let lost_told = 0;

  function put(event) {
    outbox.put({ id: uuid7(), seq: seq++, ...event });
    if (outbox.lost < lost_told + DROPPED_TOLD_AFTER) return;
    lost_told = outbox.lost;
    outbox.put({ id: uuid7(), seq: seq++, type: "error", t: Date.now(), code: `events_lost_${lost_told}`, fatal: false });
  }

  function look(what, made_ms) {
    const now_ms = performance.now();
    const [next, events] = step(state, {
      what,
      now_ms,
      made_ms: made_ms > 0 && made_ms <= now_ms ? made_ms : now_ms,
      t: Date.now(),
      at_s: media.currentTime,
      rate: media.playbackRate,
      paused: media.paused,
      seeking: media.seeking,
      ended: media.ended,
      ready: media.readyState,
      hidden: document.hidden && document.pictureInPictureElement !== media,
      dropped: media.getVideoPlaybackQuality?.().droppedVideoFrames,
      height: media.videoHeight,
      ...quality?.(),
    });
    state = next;
    for (const event of events) put(event);
  }

  const { signal } = off;
  for (const name of LOOKS) media.addEventListener(name, (event) => look(name, event.timeStamp), { signal, passive: true });
  media.addEventListener("error", () => put({
    type: "error", t: Date.now(), code: `media_${media.error?.code ?? 0}`, fatal: true,
  }), { signal });
  document.addEventListener("visibilitychange", () => {
    look("visibilitychange");
    if (document.hidden) outbox.leave();
  }, { signal });
  addEventListener("pagehide", () => {
    look("pagehide");
    outbox.leave();
  }, { signal });

  put({ type: "load", t: Date.now() });
  if (!media.paused) look("play");
  outbox.sendLeftBehind();

  return {
    session,
    /** What the page knows and the element does not: a request that failed for good, say. */
    error: (code, fatal = false) => put({ type: "error", t: Date.now(), code: String(code).slice(0, 64), fatal }),
    /** Another rendition is shown from now on. */
    switched: (bitrate, height) => put({ type: "quality", t: Date.now(), bitrate: Math.round(bitrate) || undefined,
      height: height || undefined }),
    flush: () => outbox.send(),
    /** Events that were dropped because they waited too long for a network. */
    get lost() {
      return outbox.lost;
    },
    /** Events that the server did not want. */
    get refused() {
      return outbox.refused;
    },
    /** The page shows something else from now on. */
    end() {
      look("pagehide");
      off.abort();
      outbox.leave();
      outbox.close();
    },
  };
}

// Global Privacy Control and Do Not Track: the seconds count, the person is not kept.
function askedNotToBeFollowed() {
  return navigator.globalPrivacyControl === true || navigator.doNotTrack === "1";
}

function deviceStorage() {
  try {
    return localStorage;
  } catch {
    return null; // switched off, or a frame of another site
  }
}

function viewerId(storage) {
  try {
    if (!storage.getItem(VIEWER)) storage.setItem(VIEWER, hex(random(16)));
    return storage.getItem(VIEWER); // read again: another tab may have been first
  } catch {
    return undefined;
  }
}

function uuid7() {
  const bytes = random(16);
  new DataView(bytes.buffer).setBigUint64(0, (BigInt(Date.now()) << 16n) | BigInt(0x7000 | ((bytes[6] & 0x0f) << 8) | bytes[7]));
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function random(length) {
  return crypto.getRandomValues(new Uint8Array(length));
}

function hex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
