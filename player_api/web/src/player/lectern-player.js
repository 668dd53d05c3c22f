// <lectern-player video="p_..."></lectern-player>: a video in any page, by one script from the Lectern server that has it.
// The player itself runs in a frame of that server; here is its size, and what a page may ask of it. docs/embedding.md.
const SERVER = new URL(import.meta.url).origin;
const TOLD = ["play", "pause", "timeupdate", "durationchange", "ended", "ratechange", "ready"];

class LecternPlayer extends HTMLElement {
  static observedAttributes = ["video", "start", "title"];
  #frame;
  #state = { currentTime: 0, duration: NaN, paused: true, ended: false, playbackRate: 1 };
  #ready = false;
  #wishes = []; // asked before the player could hear

  connectedCallback() {
    if (!this.shadowRoot) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(`:host { display: block; aspect-ratio: 16 / 9; background: #000; } :host([hidden]) { display: none; }
        iframe { display: block; width: 100%; height: 100%; border: 0; }`);
      this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
    }
    addEventListener("message", this);
    this.#show();
  }

  disconnectedCallback() {
    removeEventListener("message", this);
  }

  attributeChangedCallback() {
    if (this.shadowRoot && this.isConnected) this.#show();
  }

  play() {
    this.#ask({ play: true });
  }

  pause() {
    this.#ask({ pause: true });
  }

  get currentTime() {
    return this.#state.currentTime;
  }

  set currentTime(time_s) {
    this.#ask({ currentTime: Number(time_s) });
  }

  get playbackRate() {
    return this.#state.playbackRate;
  }

  set playbackRate(rate) {
    this.#ask({ playbackRate: Number(rate) });
  }

  get duration() {
    return this.#state.duration;
  }

  get paused() {
    return this.#state.paused;
  }

  get ended() {
    return this.#state.ended;
  }

  handleEvent({ data, source, origin }) {
    if (origin !== SERVER || source !== this.#frame?.contentWindow || !TOLD.includes(data?.lectern)) return;
    this.#state = { ...this.#state, ...data.state };
    if (data.lectern === "ready") {
      this.#ready = true;
      for (const wish of this.#wishes.splice(0)) this.#ask(wish);
    }
    this.dispatchEvent(new Event(data.lectern));
  }

  #show() {
    const id = this.getAttribute("video");
    if (!id) return this.shadowRoot.replaceChildren();
    const address = new URL(`/embed/${encodeURIComponent(id)}`, SERVER);
    const start_s = Number(this.getAttribute("start"));
    if (start_s > 0) address.searchParams.set("t", start_s);
    if (this.#frame?.src !== address.href || !this.#frame.isConnected) {
      this.#ready = false;
      this.#frame = document.createElement("iframe");
      this.#frame.allow = "autoplay; fullscreen; picture-in-picture";
      this.#frame.src = address.href;
      this.shadowRoot.replaceChildren(this.#frame);
    }
    this.#frame.title = this.title || "Video";
    return undefined;
  }

  #ask(wish) {
    if (this.#ready) this.#frame.contentWindow.postMessage({ lectern: wish }, SERVER);
    else this.#wishes.push(wish);
  }
}

customElements.define("lectern-player", LecternPlayer);
