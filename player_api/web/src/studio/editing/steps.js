// Undo and redo over states that are never changed in place. Quick edits of one kind (typing in one cue) are one step.
const MOST = 500;
const ONE_GO_MS = 1500;

export class Steps {
  constructor(state) {
    this.now = state;
    this.past = [];
    this.future = [];
    this.kind = "";
    this.at_ms = -Infinity;
  }

  /** @param {string} kind edits of the same kind, one soon after the other, are undone together; "" is never the same. */
  set(state, kind = "") {
    const at_ms = performance.now();
    const same = kind && kind === this.kind && at_ms - this.at_ms < ONE_GO_MS;
    if (!same) this.past.push(this.now);
    if (this.past.length > MOST) this.past.shift();
    this.future = [];
    Object.assign(this, { now: state, kind, at_ms });
  }

  /** The state before, or undefined where there is none. */
  undo() {
    return this.#move(this.past, this.future);
  }

  redo() {
    return this.#move(this.future, this.past);
  }

  #move(from, to) {
    if (!from.length) return undefined;
    to.push(this.now);
    this.now = from.pop();
    this.kind = "";
    return this.now;
  }
}
