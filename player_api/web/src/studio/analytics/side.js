// The video beside its curve: the picture of the second that is pointed at, and the player, which starts there.
import { html, render } from "lit-html";
import { clock } from "../../page/dom.js";
import { t } from "./words.js";

const RESTS_MS = 150; // a picture is made when it is asked for: not for every second that is passed over

export class Side {
  #timer;
  #engine;
  #shown_s = null;

  /** @param video as the API shows it; `content` is what is shown in it when (content.js) */
  constructor(video, content) {
    this.content = content;
    this.source = video.playlist_url;
    this.element = document.createElement("div");
    this.element.className = "side";
    render(html`
      <div class="stage">
        <video playsinline preload="none" aria-label=${video.title} poster=${video.poster_url ?? ""}></video>
        <div class="frame" hidden><div class="tile"></div><img alt=""></div>
      </div>
      <p class="small quiet where"></p>
      <p class="notice bad" role="alert" hidden></p>`, this.element);
    [this.video, this.frame, this.tile, this.image, this.where, this.notice] =
      ["video", ".frame", ".tile", "img", ".where", ".notice"].map((one) => this.element.querySelector(one));
    this.where.textContent = this.source ? t("point-at") : t("not-playable");
    this.image.addEventListener("load", () => (this.image.hidden = false));
  }

  /** The picture in the middle of a second; null: nothing is pointed at. */
  show(second) {
    if (second === this.#shown_s) return;
    this.#shown_s = second;
    clearTimeout(this.#timer);
    this.frame.hidden = second === null || !this.source;
    if (this.frame.hidden) {
      if (this.source) this.where.textContent = t("point-at");
      return;
    }
    this.frame.classList.toggle("corner", !this.video.paused);
    this.image.hidden = true;
    this.frame.dataset.second = second;
    this.#showTile(this.content.tile(second));
    this.#timer = setTimeout(() => (this.image.src = this.content.picture(second + 0.5)), RESTS_MS);
    this.where.textContent = clock(second);
  }

  #showTile(tile) {
    this.tile.hidden = !tile;
    if (!tile) return;
    Object.assign(this.tile.style, {
      width: `${tile.width}px`, height: `${tile.height}px`, backgroundImage: `url("${tile.url}")`,
      backgroundPosition: `-${tile.x}px -${tile.y}px`, scale: this.frame.clientWidth / tile.width });
  }

  /** Plays from a time. The engine is loaded when it is first needed. */
  async playFrom(time_s) {
    if (!this.source) return;
    this.show(null);
    this.where.textContent = t("playing-from", { time: clock(time_s) });
    if (this.#engine) {
      this.video.currentTime = time_s;
    } else {
      this.video.controls = true;
      this.#engine = import("../../player/engine.js").then(({ play }) => play(
        this.video, this.source, time_s, [], (kind, sentence = "") => {
          this.notice.hidden = kind === "ok";
          this.notice.textContent = sentence;
        }));
      await this.#engine;
    }
    await this.video.play().catch(() => {}); // the browser wants a press of its own button first
  }
}
