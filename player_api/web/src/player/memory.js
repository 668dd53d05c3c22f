// What the page remembers on this device: the speed, captions, the volume, and where each video was left. Storage can be switched off in a
// browser; then nothing is remembered and nothing breaks.
const POSITIONS = "lectern.positions";
const SPEED = "lectern.speed";
const VOLUME = "lectern.volume";
const CAPTIONS = "lectern.captions";
const CAPTION_STYLE = "lectern.caption-style";
const MOST_VIDEOS = 200;
const EDGE_S = 5; // nobody wants to resume in the first or the last seconds

function read(key, fallback) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? fallback;
  } catch {
    return fallback;
  }
}

function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // switched off or full
  }
}

// Positions are those of the whole recording: `before_s` of it are trimmed off now, and may be others the next time.
export function lastPosition(id, before_s = 0) {
  return Math.max(0, (Number(read(POSITIONS, {})[id]) || 0) - before_s);
}

export function rememberPosition(id, time_s, duration_s, before_s = 0) {
  const positions = read(POSITIONS, {});
  delete positions[id]; // a key set again goes to the end, so the oldest stay first
  if (time_s >= EDGE_S && !(time_s > duration_s - EDGE_S)) positions[id] = Math.round((time_s + before_s) * 10) / 10;
  for (const old of Object.keys(positions).slice(0, -MOST_VIDEOS)) delete positions[old];
  write(POSITIONS, positions);
}

export function lastSpeed() {
  return Number(read(SPEED, 1)) || 1;
}

export function rememberSpeed(speed) {
  write(SPEED, speed);
}

export function lastVolume() {
  const { volume = 1, muted = false } = read(VOLUME, {});
  return { volume: Math.min(1, Math.max(0, Number(volume) || 0)), muted: muted === true };
}

export function rememberVolume(volume, muted) {
  write(VOLUME, { volume, muted });
}

/** {language, on}: the captions that were last chosen, and whether they were left on. */
export function lastCaptions() {
  return { language: "", on: false, ...read(CAPTIONS, {}) };
}

export function rememberCaptions(language, on) {
  write(CAPTIONS, { language, on });
}

/** {size, color, ground} as far as somebody chose them. */
export function lastCaptionStyle() {
  return read(CAPTION_STYLE, {});
}

export function rememberCaptionStyle(style) {
  write(CAPTION_STYLE, style);
}
