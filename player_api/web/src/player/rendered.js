// What was really played, from what a media element says of itself: a pure step from (state, look) to (state, events). A look
// is one reading of the element, taken in the handler of one of its events. Positions go out in whole milliseconds.
//
// The position is known at every look but two: when `seeking` arrives currentTime is already the target, and after the source
// was taken away it is 0. There the position is carried on from the last look (at most a quarter of a second old) at the rate of
// then. Everything else is what the element said.
export const CUT_AFTER_S = 10;
const CARRIED_AT_MOST_S = 0.5;
const BACKWARDS_S = 0.05; // an audio clock may step back by as much
const FIRST_LOOK_S = 0.25; // played before the first look that finds it playing
const NUDGE_S = 0.5;
const AHEAD_S = 1; // of where playing alone can have come since the last look
const CAN_GO_ON = 3; // readyState: HAVE_FUTURE_DATA

/** Before anything was seen. */
export function begin() {
  return {
    open: null, // what is being played: {from_s, rate, hidden, live, last_s, last_ms, moving}
    at_s: 0, // the last position that was read, or the target of a seek
    rate: null,
    asked_ms: null, // when play was asked for, until it plays
    started: false,
    stall_ms: null, // since when it waits for data in the middle of playing
    seek_from_s: null,
    owed: {}, // startup_ms, rebuffers, rebuffer_ms that no event has carried yet
    counted: { dropped: 0, switches: 0 },
  };
}

/**
 * One look at the element.
 * @param look {what: the event's name, now_ms: a steady clock, made_ms?: when the event was made, t: the wall clock,
 *   at_s, rate, paused, seeking, ended, ready, hidden, dropped?, switches?, bitrate?, height?, live?, behind_s?}
 * @returns {[object, object[]]} the new state, and the events that are complete by now.
 */
export function step(before, look) {
  const state = { ...before, owed: { ...before.owed } };
  const out = [];
  const away = look.what === "seeking" || look.seeking || look.what === "emptied" || look.ready === 0;
  const jumped = !away && state.open !== null && !continuous(state.open, look);
  const reached_s = state.open === null ? state.at_s : away || jumped ? carried(state.open, look) : here(state.open, look);
  const plays = !away && !look.paused && !look.ended && look.ready >= CAN_GO_ON && look.rate > 0 && look.what !== "waiting";
  const was_playing = state.open !== null;

  if (was_playing) {
    const { open } = state;
    const cut = !plays || jumped || look.rate !== open.rate || look.hidden !== open.hidden ||
      Boolean(look.live) !== open.live || look.what === "pagehide" || (reached_s - open.from_s) / open.rate >= CUT_AFTER_S;
    if (cut) {
      out.push(...watched(state, look, reached_s));
      state.open = null;
    } else {
      const moving = reached_s > open.last_s || (open.moving && look.now_ms - open.last_ms < 50);
      state.open = { ...open, last_s: Math.max(reached_s, open.last_s), last_ms: look.now_ms, moving };
    }
  }
  seeks(state, look, reached_s, jumped, away, out);
  waits(state, look, plays, was_playing, away, out);
  if (plays && state.open === null) {
    // A cut leaves neither gap nor overlap; and what it moved on until it said `playing` was played.
    const late_s = look.at_s - state.at_s;
    const from_s = was_playing && !jumped ? reached_s : late_s >= 0 && late_s < FIRST_LOOK_S ? state.at_s : look.at_s;
    state.open = { from_s, rate: look.rate, hidden: look.hidden, live: Boolean(look.live),
      last_s: Math.max(from_s, look.at_s), last_ms: look.now_ms, moving: was_playing && !jumped };
  }
  said(state, look, out);
  if (look.what === "pagehide" && Object.keys(state.owed).length) {
    out.push({ type: "rebuffer", t: look.t, from: ms(reached_s), ...state.owed }); // nothing will be played that could carry it
    state.owed = {};
  }
  if (!away || look.what === "seeking") state.at_s = look.at_s;
  return [state, out];
}

function continuous(open, look) {
  const most_s = open.last_s + ((look.now_ms - open.last_ms) / 1000) * Math.max(open.rate, look.rate) + AHEAD_S;
  return look.at_s >= open.last_s - BACKWARDS_S && look.at_s <= most_s;
}

function carried(open, look) {
  if (!open.moving) return open.last_s; // nothing has been shown since it began, as far as is known
  const since_s = ((look.made_ms ?? look.now_ms) - open.last_ms) / 1000;
  return open.last_s + Math.min(Math.max(since_s, 0), CARRIED_AT_MOST_S) * open.rate;
}

// The event of a new speed may be handled late; until then it has played at that speed.
function here(open, look) {
  if (look.what !== "ratechange" || look.made_ms === undefined) return look.at_s;
  return Math.max(look.at_s - ((look.now_ms - look.made_ms) / 1000) * look.rate, open.last_s);
}

function watched(state, look, reached_s) {
  const { open, counted } = state;
  const [from, to] = [ms(open.from_s), ms(reached_s)];
  if (to <= from) return [];
  const event = { type: "watch", t: look.t, from, to, rate: open.rate, ...state.owed };
  state.owed = {};
  for (const name of ["dropped", "switches"]) {
    const more = (look[name] ?? counted[name]) - counted[name];
    if (more > 0) event[name] = more;
  }
  state.counted = { dropped: look.dropped ?? counted.dropped, switches: look.switches ?? counted.switches };
  if (look.bitrate) event.bitrate = Math.round(look.bitrate);
  if (look.height) event.height = look.height;
  if (open.hidden) event.hidden = true;
  if (open.live) event.live = true;
  // Behind the newest picture, from where it was played to: the look itself may be at the target of a seek.
  if (typeof look.behind_s === "number") event.behind_ms = ms(look.behind_s + look.at_s - reached_s);
  return [event];
}

// Dragging a slider is many `seeking` and one `seeked`: one seek. Before anything was played it is the player that goes to where
// the learner left, and a small step out of a stall is the player's, too.
function seeks(state, look, reached_s, jumped, away, out) {
  if (look.what === "seeking" && state.started && state.seek_from_s === null) {
    const step_s = look.at_s - reached_s;
    if (!(state.stall_ms !== null && step_s > 0 && step_s < NUDGE_S)) state.seek_from_s = reached_s;
  }
  const from_s = jumped ? reached_s : state.seek_from_s;
  if (from_s === null || away) return;
  const to_s = look.at_s - state.at_s < FIRST_LOOK_S && look.at_s >= state.at_s ? state.at_s : look.at_s; // it may play already
  if (ms(from_s) !== ms(to_s)) out.push({ type: "seek", t: look.t, seek_from: ms(from_s), seek_to: ms(to_s) });
  state.seek_from_s = null;
}

// Waiting for the first picture is start-up; waiting after a seek is the seek; the rest is rebuffering.
function waits(state, look, plays, was_playing, away, out) {
  if (look.what === "play" && !state.started) state.asked_ms ??= look.now_ms;
  if (plays && !state.started) {
    state.started = true;
    state.owed.startup_ms = Math.round(look.now_ms - (state.asked_ms ?? look.now_ms));
  }
  const starved = was_playing && !plays && !away && !look.paused && !look.ended;
  if (starved && state.stall_ms === null) {
    state.stall_ms = look.now_ms;
    state.owed.rebuffers = (state.owed.rebuffers ?? 0) + 1;
    out.push({ type: "rebuffer", t: look.t, from: ms(look.at_s) });
  }
  const over = plays || away || look.paused || look.ended || look.what === "pagehide";
  if (state.stall_ms !== null && over) {
    state.owed.rebuffer_ms = (state.owed.rebuffer_ms ?? 0) + Math.round(look.now_ms - state.stall_ms);
    state.stall_ms = look.what === "pagehide" && !plays && !look.paused ? look.now_ms : null;
  }
}

function said(state, look, out) {
  const at = { t: look.t, from: ms(look.at_s) };
  if (look.what === "play") out.push({ type: "play", ...at });
  if (look.what === "pause" && !look.ended) out.push({ type: "pause", ...at });
  if (look.what === "ended") out.push({ type: "ended", ...at });
  if (look.what === "ratechange" && state.started && look.rate !== state.rate) {
    out.push({ type: "rate", ...at, rate: look.rate });
  }
  state.rate = look.rate;
}

function ms(position_s) {
  return Math.max(0, Math.round(position_s * 1000));
}
