// How fast an upload is, as people notice it: over the last seconds, not since it began.
const WINDOW_MS = 5000;

export class Pace {
  #marks = []; // [when in ms, bytes that had been sent then]

  add(sent_bytes, at_ms = performance.now()) {
    if (this.#marks.length && sent_bytes < this.#marks.at(-1)[1]) this.#marks = []; // a part is sent again
    this.#marks.push([at_ms, sent_bytes]);
    while (this.#marks.length > 2 && this.#marks[0][0] < at_ms - WINDOW_MS) this.#marks.shift();
  }

  /** Bytes a second; undefined until half a second has been seen. */
  get bytes_s() {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    const span_ms = first ? last[0] - first[0] : 0;
    return span_ms >= 500 ? ((last[1] - first[1]) * 1000) / span_ms : undefined;
  }
}
