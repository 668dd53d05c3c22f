// The small player beside an editor. It shows what is being written, not what was saved.
import { html, nothing, render } from "lit-html";
import { play } from "../../player/engine.js";

/**
 * @param made the video, as the API describes it
 * @param {boolean} says whether there is a line for what is said
 * @param {(id: string) => string} t "preview", "preview-none" and "retry" are asked for
 * @returns {{box: HTMLElement, video: HTMLVideoElement, say(text: string, language: string): void, seek(time_s: number): void, end(): void}}
 */
export function preview(made, t, says = true) {
  const box = document.createElement("div");
  box.className = "preview";
  const video = document.createElement("video");
  Object.assign(video, { controls: true, playsInline: true, preload: "auto" });
  video.setAttribute("aria-label", t("preview"));
  if (made.poster_url) video.poster = made.poster_url;
  // The captions that players get are those that were saved last; shown over the written ones they would confuse.
  video.textTracks.addEventListener("addtrack", ({ track }) => (track.mode = "disabled"));
  const said = document.createElement("p");
  said.className = "said";
  said.setAttribute("aria-hidden", "true");
  const stage = document.createElement("div");
  stage.className = "stage";
  stage.append(video);
  const notice = document.createElement("div");
  box.append(stage, ...(says ? [said] : []), notice);

  const tell = (sentence, retry) => render(sentence ? html`
    <p class="notice" role="status">${sentence}
      ${retry ? html`<button type="button" @click=${retry}>${t("retry")}</button>` : nothing}</p>` : nothing, notice);
  let engine;
  if (made.playable) {
    engine = play(video, made.playlist_url, 0, [], (kind, sentence) => (
      tell(kind === "ok" ? "" : sentence, () => engine.retry())));
  } else {
    tell(t("preview-none"));
  }
  return {
    box,
    video,
    say(text, language) {
      said.textContent = text;
      said.lang = language;
    },
    seek(time_s) {
      video.currentTime = time_s;
    },
    end() {
      video.pause();
      engine?.hls?.destroy();
    },
  };
}
