// Another recording in the place of the one that a video was made of: at the same addresses, from one moment to the next.
import { html } from "lit-html";
import { api } from "../page/api.js";
import { language, percentOf } from "../page/words.js";
import { Sending } from "./sending.js";

const NAMES = new Intl.DisplayNames([language], { type: "language" });

/** How far a new recording is; kept by the page. */
export class Replacing {
  #video;
  #addresses;
  #changed;
  #sending;

  /**
   * @param {{tus: string, direct?: string}} addresses of the API, for either way to send a file
   * @param {(video?: object) => void} changed something is to be shown anew; with the video, once it is another one
   */
  constructor(addresses, changed) {
    this.#addresses = addresses;
    this.#changed = changed;
    Object.assign(this, { state: "idle", part: 0, fault: "", told: null }); // idle, sending, taking, done
  }

  get busy() {
    return this.state === "sending" || this.state === "taking";
  }

  /** Sends a file, and puts it in the place of the recording of `video`. `sentence` names a fault that has no words yet. */
  start(video, file, sentence) {
    this.#video = video;
    Object.assign(this, { state: "sending", part: 0, fault: "", told: null });
    this.#sending = new Sending(file, this.#addresses, {
      onProgress: (sent, all) => this.#show({ part: all ? sent / all : 0 }),
      onDone: () => this.#take(),
      onFault: ({ status, detail }) => this.#show({ state: "idle", fault: detail ?? sentence(status) }),
    });
    this.#sending.start();
    this.#changed();
  }

  cancel() {
    this.#sending.cancel().catch(() => {}); // it expires by itself, too
    this.#show({ state: "idle" });
  }

  async #take() {
    this.#show({ state: "taking", part: 1 });
    try {
      const told = await api(`/videos/${this.#video.id}/source`, { method: "PUT", json: { upload_id: this.#sending.uploadId } });
      this.#show({ state: "done", told }, told.video);
    } catch (error) {
      this.#show({ state: "idle", fault: error.message });
    }
  }

  #show(how, video) {
    Object.assign(this, how);
    this.#changed(video);
  }
}

/** @param {Replacing} replacing */
export function replaceCard(video, replacing, t) {
  const choose = (event) => {
    const [file] = event.target.files;
    event.target.value = ""; // the same file may be chosen again
    if (file) replacing.start(video, file, (status) => (status ? t("answered", { status }) : t("unreachable")));
  };
  return html`
    <section class="card stack edits" aria-labelledby="replace-title">
      <h2 id="replace-title">${t("replace")}</h2>
      <p class="quiet">${t("replace-what")}</p>
      ${replacing.busy ? html`
        <progress max="1" value=${replacing.part} aria-label=${t("replace-progress")}></progress>
        <div class="row"><span role="status">${replacing.state === "taking" ? t("replace-taking")
          : t("replace-sending", { part: percentOf(replacing.part) })}</span>
          ${replacing.state === "sending" ? html`<button type="button" @click=${() => replacing.cancel()}>${t("cancel")}</button>` : ""}</div>`
        : html`<div class="row"><label class="button">${t("replace-choose")}
          <input type="file" class="unseen" accept="video/*,audio/*,.mkv,.mov,.mp4,.webm,.avi,.ts,.m4v" @change=${choose}></label></div>`}
      ${replacing.fault ? html`<p class="notice bad" role="alert">${replacing.fault} ${t("replace-stays")}</p>` : ""}
      ${replacing.told ? outcome(replacing.told, t) : ""}
    </section>`;
}

function outcome({ fits, captions_set_aside, chapters_set_aside, earlier_video_id }, t) {
  const languages = captions_set_aside.map((tag) => NAMES.of(tag)).join(", ");
  return html`<div class="notice good stack" role="status">
    <p>${t("replace-done")} ${t(fits ? "replace-fits" : "replace-other-length")}</p>
    ${languages ? html`<p>${t("replace-captions-aside", { languages })}</p>` : ""}
    ${chapters_set_aside ? html`<p>${t("replace-chapters-aside")}</p>` : ""}
    ${earlier_video_id ? html`<p><a href="/studio/videos/${earlier_video_id}">${t("replace-earlier")}</a></p>` : ""}
  </div>`;
}
