// What the page remembers on this device: the speed, and where each video was left. Storage can be switched off in a
// browser; then nothing is remembered and nothing breaks.
const POSITIONS = "lectern.positions";
const SPEED = "lectern.speed";
const MOST_VIDEOS = 200;
const EDGE_S = 5; // nobody wants to resume in the first or the last seconds

export const STUDIO_KEY = "lectern.key"; // for this tab only: a key is a password

/** A tab with an API key belongs to somebody who makes videos: what they look at in it is no viewing. */
export function isStaff() {
  try {
    return Boolean(sessionStorage.getItem(STUDIO_KEY));
  } catch {
    return false; // switched off
  }
}

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

export function lastPosition(id) {
  return Number(read(POSITIONS, {})[id]) || 0;
}

export function rememberPosition(id, time_s, duration_s) {
  const positions = read(POSITIONS, {});
  delete positions[id]; // a key set again goes to the end, so the oldest stay first
  if (time_s >= EDGE_S && !(time_s > duration_s - EDGE_S)) positions[id] = Math.round(time_s * 10) / 10;
  for (const old of Object.keys(positions).slice(0, -MOST_VIDEOS)) delete positions[old];
  write(POSITIONS, positions);
}

export function lastSpeed() {
  return Number(read(SPEED, 1)) || 1;
}

export function rememberSpeed(speed) {
  write(SPEED, speed);
}
