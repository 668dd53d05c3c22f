// The files that somebody dropped: a few are sent at a time, the others wait for their turn.
import { key, setKey } from "../page/key.js";
import { signIn } from "../page/sign_in.js";
import { Pace } from "./pace.js";
import { Sending } from "./sending.js";

const AT_ONCE = 2; // files: each is sent in parts, or as fast as the line goes
export const OPEN = ["waiting", "sending", "paused", "broken"]; // states of what is not over

/**
 * @typedef {object} Item
 * @property {"waiting" | "sending" | "paused" | "broken" | "refused" | "done"} state broken: trying again can help
 * @property {number} sent_bytes
 * @property {string} fault a sentence, when broken or refused
 * @property {{id: string, watch_url: string}} [video] when done
 */
export class Queue {
  /** @type {Item[]} */
  items = [];
  #addresses;
  #told;

  /** `told`: onChange(), onDone(item), and the sentences unreachable(), answered(status), wrongKey(). */
  constructor(addresses, told) {
    this.#addresses = addresses;
    this.#told = told;
  }

  add(files) {
    for (const file of files) {
      const item = { file, state: "waiting", sent_bytes: 0, fault: "", pace: new Pace() };
      item.sending = new Sending(file, this.#addresses, {
        onProgress: (sent_bytes) => {
          item.sent_bytes = sent_bytes;
          item.pace.add(sent_bytes);
          this.#told.onChange();
        },
        onDone: (video) => {
          item.video = video;
          this.#to(item, "done");
          this.#told.onDone(item);
        },
        onFault: (fault) => this.#failed(item, fault),
      });
      this.items.push(item);
    }
    this.#next();
  }

  pause(item) {
    item.sending.pause();
    this.#to(item, "paused");
  }

  /** Go on with what is paused or broken, when it is its turn. */
  resume(item) {
    this.#to(item, "waiting");
  }

  /** Take it off the list; what is not over is given up. */
  remove(item) {
    if (OPEN.includes(item.state)) item.sending.cancel().catch(() => {}); // it expires by itself, too
    this.items = this.items.filter((one) => one !== item);
    this.#next();
  }

  get busy() {
    return this.items.some((item) => item.state === "sending" || item.state === "waiting");
  }

  #to(item, state) {
    item.state = state;
    if (state === "waiting") item.fault = "";
    this.#next();
  }

  #next() {
    const free = AT_ONCE - this.items.filter((item) => item.state === "sending").length;
    for (const item of this.items.filter((one) => one.state === "waiting").slice(0, Math.max(0, free))) {
      item.state = "sending";
      item.pace = new Pace();
      this.#send(item);
    }
    this.#told.onChange();
  }

  async #send(item) {
    if (!key()) await signIn();
    if (item.state === "sending") item.sending.start();
  }

  async #failed(item, { status, detail }) {
    if (status === 401) {
      setKey("");
      await signIn(this.#told.wrongKey());
      if (item.state === "sending") item.sending.start();
      return;
    }
    const refused = status >= 400 && status < 500 && ![408, 409, 423, 429].includes(status);
    item.fault = detail ?? (status ? this.#told.answered(status) : this.#told.unreachable());
    this.#to(item, refused ? "refused" : "broken");
  }
}
