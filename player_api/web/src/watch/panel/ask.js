// The public texts of a video, under /play/{playback_id}.

/** The JSON there; null where it can not be had: the page does without, and the player says when the network is away. */
export async function ask(address, signal) {
  try {
    const answer = await fetch(address, { signal, cache: "no-cache" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

const PENDING = new Set(["running", "waiting"]);
const AGAIN_AFTER_MS = 4000;
const GIVE_UP_AFTER = 90; // looks without anything new

/**
 * Asks now, and again while the answer says that there will be more; `show` gets each answer that is another one.
 * @param {boolean} patient as long as that takes: of what is live nothing new may come for an hour
 * @returns {() => void} stops it
 */
export function askWhileItGrows(address, show, patient = false) {
  let before;
  let quiet = 0;
  let stopped = false;
  async function look() {
    const answer = await ask(address);
    if (stopped) return;
    const text = JSON.stringify(answer);
    if (text !== before && (answer || before === undefined)) {
      show(answer);
      before = text;
      quiet = 0;
    }
    if ((!answer || PENDING.has(answer.state)) && (++quiet < GIVE_UP_AFTER || patient)) setTimeout(look, AGAIN_AFTER_MS);
  }
  look();
  return () => (stopped = true);
}
