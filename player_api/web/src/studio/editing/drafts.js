// Work that is not saved yet, kept in this browser, so that a closed tab or a crash loses none of it.
const SOON_MS = 800;

/** One draft, by name: {revision, content, at_ms}. `revision` is the one that was edited. */
export class Draft {
  constructor(name) {
    this.key = `lectern.draft.${name}`;
    this.timer = undefined;
    this.next = undefined;
    addEventListener("pagehide", () => this.flush());
  }

  /** What was left, or null. */
  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key));
    } catch {
      return null; // storage is switched off, or something else wrote there
    }
  }

  keep(revision, content) {
    this.next = { revision, content, at_ms: Date.now() };
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), SOON_MS);
  }

  flush() {
    clearTimeout(this.timer);
    if (!this.next) return;
    try {
      localStorage.setItem(this.key, JSON.stringify(this.next));
    } catch { /* full or switched off: the page itself still has it */ }
    this.next = undefined;
  }

  drop() {
    clearTimeout(this.timer);
    this.next = undefined;
    try {
      localStorage.removeItem(this.key);
    } catch { /* then there is none */ }
  }
}
