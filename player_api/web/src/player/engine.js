// Feeds the <video> element: hls.js, or the browser's own HLS on Apple devices. Keeps trying when the network or the
// decoder fails, and tells the page in a sentence what is going on.
import Hls from "hls.js";
import { EDITION, versionOf } from "./edition.js";
import { codecOf, shortSide } from "./level.js";

const AHEAD_S = 30;
const AHEAD_BEFORE_PLAY_S = 4; // pieces are encoded when asked for: ask for few until somebody watches
const START_AT_MOST_PX = 720;
const LONGEST_PAUSE_S = 30;
const NOT_BEGUN_PAUSE_S = 3;
const LAST_S = 0.5;
const TRIMMED = "org.lectern.start";

const GONE = new Set([404, 410]);
const BUSY = new Set([429, 503]); // not an error: come back later

// A piece that nobody has watched yet is encoded first, which takes a second or three before the first byte.
const PATIENT = {
  default: {
    maxTimeToFirstByteMs: 20_000,
    maxLoadTimeMs: 60_000,
    timeoutRetry: { maxNumRetry: 3, retryDelayMs: 0, maxRetryDelayMs: 0 },
    errorRetry: {
      maxNumRetry: 3, retryDelayMs: 1000, maxRetryDelayMs: 8000, // after that Patience goes on, and says so
      shouldRetry: (_policy, count, _timeout, answer, usual) => (BUSY.has(answer?.code) ? count < 20 : usual),
    },
  },
};

class PatientLoader extends Hls.DefaultConfig.loader {
  // hls.js knows only its own delays; the server knows better when a piece will be there.
  retry(policy) {
    const wait_ms = Math.min(Number(this.loader?.getResponseHeader("Retry-After")) || 0, LONGEST_PAUSE_S) * 1000;
    super.retry(wait_ms ? { ...policy, retryDelayMs: wait_ms, maxRetryDelayMs: wait_ms } : policy);
  }

  // The time the server spent on encoding says nothing about the network. hls.js takes off only its usual wait, so
  // where ready and new pieces alternate it would (measured) take 300 Mbit/s for 3, and lower the quality.
  readystatechange() {
    const { loader: request, stats } = this;
    const first_byte = request?.readyState >= 2 && stats.loading.first === 0;
    super.readystatechange();
    if (!first_byte || !stats?.loading.first) return;
    const made_ms = Number(/\bcell;dur=([\d.]+)/.exec(request.getResponseHeader("Server-Timing"))?.[1]) || 0;
    stats.loading.start = Math.min(stats.loading.start + made_ms, stats.loading.first);
  }
}

/**
 * `rendered`: the codecs (avc1, av01) of which everything is rendered already, the one of fewest bytes first.
 * `live`: it may begin later. `tell(kind, sentence)`: kind is "ok", "trying", "failed", or "waiting" for it to begin.
 * @returns {{hls: Hls | null, retry(): void, quality?(): object, trimmed_s?(): number, keepUp?(is: object): void}}
 * `trimmed_s`: how much of the recording's beginning is not shown; `keepUp`: see `lookForEditions`
 */
export function play(video, source, start_s, rendered, tell, { live = false } = {}) {
  const apple = navigator.vendor.startsWith("Apple") && video.canPlayType("application/vnd.apple.mpegurl");
  if (Hls.isSupported() && !apple) return withHls(video, source, start_s, rendered, tell, live);
  if (video.canPlayType("application/vnd.apple.mpegurl")) return native(video, source, start_s, tell);
  tell("failed", "This browser can't play streamed video. Any current browser can.");
  return { hls: null, retry() {} };
}

function withHls(video, source, start_s, rendered, tell, live) {
  const hls = new Hls({
    autoStartLoad: false,
    loader: PatientLoader,
    manifestLoadPolicy: PATIENT,
    playlistLoadPolicy: PATIENT,
    fragLoadPolicy: PATIENT,
    maxBufferLength: AHEAD_BEFORE_PLAY_S,
    maxMaxBufferLength: AHEAD_BEFORE_PLAY_S, // without it, slides of few bits would be fetched ten minutes ahead
    backBufferLength: 30,
    maxLiveSyncPlaybackRate: 1.1, // who has stalled catches up with what is live
    liveSyncOnStallIncrease: 0.5, // s further from the edge for good, each time: a second would be as much as the delay itself
    capLevelToPlayerSize: true,
    abrEwmaDefaultEstimate: 3_000_000,
    testBandwidth: false, // the first piece is to be seen, not measured with
    // A browser keeps a playlist for a minute, which is too long where pieces of it are gone.
    xhrSetup: (request) => goes_on !== null && request.setRequestHeader("Cache-Control", "no-cache"),
  });
  const patience = new Patience(tell, resume);
  let parsed = false;
  let replaced = false; // pieces are not there any more: another recording may have taken the place of this one
  let goes_on = null; // whether it played, when it was replaced
  let trimmed_s = 0; // so much of the recording's beginning is not shown
  let repaired_at = -Infinity;

  hls.on(Hls.Events.MANIFEST_LOADED, (_event, { sessionData }) => {
    const before_s = trimmed_s;
    trimmed_s = Number(sessionData?.[TRIMMED]?.VALUE) || 0;
    if (goes_on !== null) start_s = Math.max(0, start_s + before_s - trimmed_s); // the same moment of another part
  });
  hls.on(Hls.Events.MANIFEST_PARSED, async () => {
    parsed = true;
    keepStereo(hls);
    // From here on hls.js stays with the codec of the first level.
    const listed_first = hls.levels[hls.firstLevel];
    hls.startLevel = firstLevel(hls.levels, await firstCodec(hls.levels, rendered), video, listed_first);
    if (goes_on !== null) hls.once(Hls.Events.LEVEL_LOADED, stayInside);
    hls.startLoad(start_s > 0 ? start_s : -1);
    if (goes_on) video.play().catch(() => {});
    if (goes_on !== null) video.dispatchEvent(new Event(EDITION));
    goes_on = null;
  });
  hls.on(Hls.Events.FRAG_BUFFERED, () => patience.over());
  hls.on(Hls.Events.ERROR, (_event, error) => {
    if (!error.fatal) return;
    if (error.type === Hls.ErrorTypes.MEDIA_ERROR) return repair();
    const status = error.response?.code ?? 0;
    const refusal = parsed && !(live && error.details === Hls.ErrorDetails.LEVEL_LOAD_ERROR) ? undefined : refused(status);
    replaced = parsed && !live && GONE.has(status);
    if (live && !parsed && status === 404) {
      tell("waiting");
      setTimeout(resume, NOT_BEGUN_PAUSE_S * 1000);
    } else if (refusal) tell("failed", refusal);
    else patience.wait(status);
  });
  video.addEventListener("play", () => {
    hls.config.maxBufferLength = hls.config.maxMaxBufferLength = AHEAD_S;
  });

  /** What was playing may be cut off now: then it is over. hls.js would begin anew. */
  function stayInside(_event, { details }) {
    if (start_s < details.totalduration) return;
    video.pause();
    hls.stopLoad();
    hls.startLoad(Math.max(0, details.totalduration - LAST_S));
  }

  function repair() {
    const again = performance.now() - repaired_at < 10_000;
    repaired_at = performance.now();
    if (again) return tell("failed", "This browser could not decode the video.");
    hls.recoverMediaError();
  }

  function resume() {
    if (parsed && !replaced) return hls.startLoad(video.currentTime || start_s || -1);
    if (replaced) [start_s, goes_on, parsed, replaced] = [video.currentTime, !video.paused, false, false];
    hls.loadSource(source);
  }

  hls.loadSource(source);
  hls.attachMedia(video);
  return {
    hls,
    quality: shown(hls),
    trimmed_s: () => trimmed_s,
    keepUp({ version }) {
      if (!parsed || version === versionOf(hls.levels[0]?.uri)) return;
      replaced = true;
      resume();
    },
    retry() {
      repaired_at = -Infinity;
      if (parsed) hls.recoverMediaError();
      patience.now();
    },
  };
}

/** What is shown, for whoever counts it: bits a second, and how often that changed. */
function shown(hls) {
  let switches = -1; // the first is none
  hls.on(Hls.Events.LEVEL_SWITCHED, () => (switches += 1));
  return () => ({ switches: Math.max(switches, 0), bitrate: hls.levels[hls.currentLevel]?.bitrate });
}

function native(video, source, start_s, tell) {
  let place_s = start_s;
  let shown; // as of the first look
  const patience = new Patience(tell, load);
  video.addEventListener("loadeddata", () => patience.over());
  video.addEventListener("timeupdate", () => (place_s = video.currentTime || place_s));
  video.addEventListener("error", async () => {
    // The element does not say why; the playlist's own answer does.
    const answer = await fetch(source).catch(() => ({ status: 0 }));
    const refusal = refused(answer.status);
    if (refusal) tell("failed", refusal);
    else patience.wait(answer.status);
  });
  function load() {
    const playing = !video.paused;
    video.src = source;
    video.addEventListener("loadedmetadata", () => {
      video.currentTime = Math.min(place_s, Math.max(0, video.duration - LAST_S));
    }, { once: true });
    if (playing) video.play().catch(() => {});
  }
  load();
  return {
    hls: null,
    retry: () => patience.now(),
    keepUp(is) {
      const before = shown;
      shown = is;
      if (!before || before.version === is.version) return;
      place_s = Math.max(0, place_s + before.trimmed_s - is.trimmed_s);
      load();
      video.dispatchEvent(new Event(EDITION));
    },
  };
}

/** Tries again after 1, 2, 4 ... 30 s, and at once when the browser is online again. */
class Patience {
  constructor(tell, act) {
    this.tell = tell;
    this.act = act;
    this.tries = 0;
    addEventListener("online", () => this.tries && this.now());
  }

  wait(status) {
    const pause_s = Math.min(2 ** this.tries++, LONGEST_PAUSE_S);
    const what = status >= 400 ? "The server could not deliver this part of the video." : "The server can't be reached.";
    this.tell("trying", `${what} Trying again in ${pause_s} s.`);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), pause_s * 1000);
  }

  now() {
    clearTimeout(this.timer);
    this.tell("trying", "Trying again …");
    this.act();
  }

  over() {
    this.tries = 0;
    clearTimeout(this.timer);
    this.tell("ok");
  }
}

function refused(status) {
  if (status === 401 || status === 403) return "This link is not valid, or not any more. Ask for a new one.";
  if (GONE.has(status)) return "There is no video at this address (any more).";
  return undefined;
}

// Each size is listed with stereo and again with 5.1. hls.js takes them for steps of quality, and would change the sound
// with the line; a browser mixes 5.1 down anyway. Players on televisions choose by their loudspeakers.
function keepStereo(hls) {
  const channels = new Map(hls.allAudioTracks.map((track) => [track.groupId, 0]));
  for (const track of hls.allAudioTracks) {
    channels.set(track.groupId, Math.max(channels.get(track.groupId), Number.parseInt(track.channels) || 2));
  }
  const most = (level) => Math.max(0, ...(level.audioGroups ?? []).map((group) => channels.get(group) ?? 0));
  const least = Math.min(...hls.levels.map(most));
  for (let index = hls.levels.length - 1; index >= 0; index--) {
    if (most(hls.levels[index]) > least) hls.removeLevel(index);
  }
}

// What is rendered already needs no patience; of that, the fewest bytes, where this device decodes them smoothly.
async function firstCodec(levels, rendered) {
  for (const codec of rendered) {
    const level = levels.findLast((one) => codecOf(one) === codec);
    if (!level) continue;
    const { width, height, bitrate, frameRate: framerate, videoCodec } = level;
    const found = await navigator.mediaCapabilities?.decodingInfo({
      type: "media-source",
      video: { contentType: `video/mp4; codecs="${videoCodec}"`, width, height, bitrate, framerate: framerate || 30 },
    }).catch(() => undefined);
    if (found?.smooth) return codec;
  }
  return levels.some((level) => codecOf(level) === "avc1") ? "avc1" : codecOf(levels[0]);
}

// The smallest that fills the player, and no more than 720p: the first picture counts, the next piece may be better.
// A larger one that the playlist lists first is there at once: the source's own packets.
function firstLevel(all, codec, video, listed_first) {
  const levels = all.filter((level) => codecOf(level) === codec);
  if (levels.includes(listed_first) && shortSide(listed_first) > START_AT_MOST_PX) return all.indexOf(listed_first);
  const wanted_px = Math.min(START_AT_MOST_PX, video.clientHeight * devicePixelRatio || START_AT_MOST_PX);
  const fit = levels.findIndex((level) => shortSide(level) >= wanted_px);
  const index = fit < 0 ? levels.length - 1 : fit;
  return all.indexOf(levels[shortSide(levels[index]) > START_AT_MOST_PX ? Math.max(0, index - 1) : index]);
}
