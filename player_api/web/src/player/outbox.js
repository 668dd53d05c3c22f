// Events on their way to the server. They stay until the server has answered for them: in memory while the page lives, in
// localStorage when it is left or the network is gone. Ids make sending twice harmless, so whatever is in doubt is sent again.
//
// Each viewing keeps its events under a key of its own: tabs never write into each other's. What a closed tab left behind is
// sent by the next page that is opened.
const PREFIX = "lectern.events.";
const SEND_AFTER_MS = 4000;
const ASK_AGAIN_MS = [2000, 60_000]; // doubled from the one to the other
const ANSWER_WITHIN_MS = 20_000;
const MOST_IN_A_BATCH = 100;
const MOST_BYTES = 50_000; // sendBeacon takes 65,536 of all that is under way
export const MOST_WAITING = 1500; // two hours and more without a network; the oldest go first
const MOST_LEFT_BEHIND = 20; // viewings
const LEFT_BEHIND_AFTER_MS = 60_000;
const TOO_OLD_MS = 7 * 24 * 3600 * 1000;

export class Outbox {
  /**
   * @param {object} how url; token: text, or a function that gets one; about: what each body says beside token and events;
   *   storage: localStorage or null, `most`: how many events may wait.
   */
  constructor({ url, token, about, storage = null, most = MOST_WAITING }) {
    Object.assign(this, { url, token, about, storage, most });
    this.key = PREFIX + about.session;
    this.waiting = [];
    this.beaconed = new Set();
    this.lost = 0; // dropped to make room
    this.refused = 0; // by the server
    this.batch = MOST_IN_A_BATCH;
    this.failures = 0;
    this.closed = false;
    this.off = new AbortController();
    const { signal } = this.off;
    addEventListener("online", () => this.failures && this.soon(0), { signal });
    addEventListener("pagehide", () => this.release?.(), { signal });
    addEventListener("pageshow", (event) => event.persisted && this.hold(), { signal });
    this.hold();
  }

  put(event) {
    if (this.closed) return;
    this.waiting.push(event);
    while (this.waiting.length > this.most) {
      this.waiting.shift();
      this.lost += 1;
    }
    if (this.timer === undefined && !this.expired) this.soon(SEND_AFTER_MS);
  }

  /** Try in a while. A wait that is already running is replaced. */
  soon(wait_ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), wait_ms);
  }

  async send() {
    if (this.sending) return this.soon(SEND_AFTER_MS);
    clearTimeout(this.timer);
    this.timer = undefined;
    this.sending = true;
    try {
      while (this.waiting.length && !this.closed && !this.expired) {
        const events = fitting(this.waiting, this.batch);
        const answer = await post(this.url, { ...this.about, token: await this.current(), events });
        const go_on = this.answered(answer, events);
        if (!go_on) break;
      }
    } finally {
      this.sending = false;
    }
    if (!this.waiting.length) this.forget();
  }

  answered({ status, rejected = 0, wait_ms }, events) {
    if (status >= 200 && status < 300) {
      if (this.failures) this.forget(); // what was kept is there now; what still waits is kept again when the page is left
      this.failures = 0;
      this.refused += rejected;
      return this.done(events);
    }
    if (status === 413 && events.length > 1) {
      this.batch = Math.ceil(events.length / 2);
      return true;
    }
    if ([400, 413, 422].includes(status)) { // never better by sending again
      this.refused += events.length;
      return this.done(events);
    }
    if (status === 401 && typeof this.token === "function" && !this.renewed) {
      this.renewed = true;
      return true;
    }
    if (status === 401) { // a token for a day has run out; the next page of this video brings another
      this.expired = true;
      this.keep();
      return false;
    }
    if ([403, 404, 410].includes(status)) { // this viewing is not wanted (any more)
      this.refused += this.waiting.length;
      this.close();
      this.waiting = [];
      this.forget();
      return false;
    }
    this.keep();
    this.soon(wait_ms ?? pause_ms(this.failures++));
    return false;
  }

  done(events) {
    const sent = new Set(events.map((event) => event.id));
    this.waiting = this.waiting.filter((event) => !sent.has(event.id));
    this.renewed = false;
    return true;
  }

  async current() {
    if (typeof this.token !== "function") return this.token;
    if (this.had === undefined || this.renewed) this.had = await this.token();
    return this.had;
  }

  /** The page may be gone in a moment: hand over all of it, and keep it as well, as nobody will say whether it arrived. */
  leave() {
    if (this.closed) return;
    const token = typeof this.token === "function" ? this.had : this.token;
    let left = token === undefined || this.expired ? [] : this.waiting.filter((event) => !this.beaconed.has(event.id));
    while (left.length) {
      const events = fitting(left, MOST_IN_A_BATCH);
      const body = JSON.stringify({ ...this.about, sent_at: Date.now(), token, events });
      if (!navigator.sendBeacon?.(this.url, body)) break; // a text is sent as text/plain: no preflight
      for (const event of events) this.beaconed.add(event.id);
      left = left.slice(events.length);
    }
    this.keep();
  }

  keep() {
    if (!this.waiting.length) return this.forget();
    const token = typeof this.token === "function" ? this.had : this.token;
    write(this.storage, this.key, { saved_at: Date.now(), url: this.url, token, about: this.about, lost: this.lost,
      events: this.waiting });
  }

  forget() {
    this.beaconed.clear();
    remove(this.storage, this.key);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.off.abort();
    this.release?.();
  }

  // Says to other tabs that this viewing still has a page. Given back when the page is left: a lock held would keep it out of
  // the browser's back/forward cache.
  hold() {
    if (!this.storage || !navigator.locks) return;
    navigator.locks.request(this.key, { ifAvailable: true }, (lock) => lock && new Promise((release) => {
      this.release = release;
    })).catch(() => {});
  }

  /** Send what earlier pages of this site left behind. */
  async sendLeftBehind() {
    if (!this.storage) return;
    const now = Date.now();
    const left = keys(this.storage).filter((key) => key !== this.key).map((key) => [key, read(this.storage, key)])
      .sort(([, a], [, b]) => (b?.saved_at ?? 0) - (a?.saved_at ?? 0));
    for (const [index, [key, found]] of left.entries()) {
      if (!Array.isArray(found?.events) || now - found.saved_at > TOO_OLD_MS || index >= MOST_LEFT_BEHIND) {
        remove(this.storage, key);
      } else if (navigator.locks) {
        await navigator.locks.request(key, { ifAvailable: true }, (lock) => lock && this.sendFor(key, found)).catch(() => {});
      } else if (now - found.saved_at > LEFT_BEHIND_AFTER_MS) {
        await this.sendFor(key, found);
      }
    }
  }

  async sendFor(key, found) {
    // A token of today, where it is for the same video: the old one may have run out.
    const token = found.about?.video === this.about.video ? await this.current() : found.token;
    let left = found.events;
    while (left.length) {
      const events = fitting(left, MOST_IN_A_BATCH);
      const { status } = await post(found.url, { ...found.about, token, events });
      if ([0, 401, 408, 429].includes(status) || status >= 500) return; // kept for the next page
      left = left.slice(events.length);
    }
    remove(this.storage, key);
  }
}

async function post(url, body) {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "text/plain" }, // no preflight from another site
      body: JSON.stringify({ ...body, sent_at: Date.now() }),
      credentials: "omit",
      cache: "no-store",
      keepalive: false,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const told_s = Number(answer.headers.get("Retry-After"));
    const rejected = answer.ok ? (await answer.json().catch(() => ({}))).rejected?.length : 0;
    return { status: answer.status, rejected, wait_ms: told_s > 0 ? told_s * 1000 : undefined };
  } catch {
    return { status: 0 };
  }
}

function pause_ms(failures) {
  const [least, most] = ASK_AGAIN_MS;
  return Math.min(least * 2 ** failures, most) * (0.75 + Math.random() / 2); // not all learners in one second
}

function fitting(events, most) {
  let bytes = 0;
  const end = events.findIndex((event, index) => index >= most || (bytes += JSON.stringify(event).length + 1) > MOST_BYTES);
  return end < 0 ? events : events.slice(0, Math.max(end, 1));
}

function keys(storage) {
  try {
    return Object.keys(storage).filter((key) => key.startsWith(PREFIX));
  } catch {
    return [];
  }
}

function read(storage, key) {
  try {
    return JSON.parse(storage.getItem(key));
  } catch {
    return null;
  }
}

function write(storage, key, value) {
  try {
    storage?.setItem(key, JSON.stringify(value));
  } catch {
    // full or switched off: they are in memory, too
  }
}

function remove(storage, key) {
  try {
    storage?.removeItem(key);
  } catch {
    // switched off
  }
}
