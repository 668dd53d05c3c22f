// One video in the studio. The server gives <main data-video-id>; this makes the rest, over the public API.
import { html, render } from "lit-html";
import { keyed } from "lit-html/directives/keyed.js";
import { api } from "../page/api.js";
import { mayEdit } from "../page/may.js";
import { shell } from "../page/shell.js";
import { wordsOf } from "../page/words.js";
import english from "../words/video/en.ftl";
import { captionList, loadCaptions } from "./caption_list.js";
import { detailsForm } from "./details.js";
import { follow } from "./follow.js";
import { posterCard } from "./poster.js";
import { removeCard } from "./remove.js";
import { replaceCard, Replacing } from "./replace.js";
import { shareCard } from "./share.js";
import { slideList } from "./slide_list.js";
import { stepList } from "./step_list.js";
import { videoHead } from "./video_head.js";

const t = await wordsOf(english, { de: () => import("../words/video/de.ftl") });
const main = document.querySelector("main[data-video-id]");
const { videoId } = main.dataset;
const root = document.createElement("div");
const details = { said: "", fault: "" };
const captions = { items: null, said: "", fault: "" };
const { uploadUrl, directUrl } = main.dataset;
const replacing = new Replacing({ tus: uploadUrl, direct: directUrl }, (fresh) => {
  if (!fresh) return show();
  Object.assign(captions, { said: "", fault: "" });
  preview_of += 1;
  take(fresh);
  return open();
});
let preview_of = 0; // another recording is another preview
let video = null; // until the first answer
let slides = null;
let problem = "";
let copied = "";

shell();
main.replaceChildren(root);
addEventListener("beforeunload", (event) => replacing.busy && event.preventDefault());
show();
open();

async function open() {
  problem = "";
  try {
    take(await api(`/videos/${videoId}`));
    await Promise.all([listen(), loadCaptions(videoId, captions).then(show), loadSlides()]);
  } catch (error) {
    problem = error.message;
    show();
  }
}

async function listen() {
  if (video.status === "ready" || video.status === "failed" || !await mayEdit) return; // who only reads is told no progress
  await follow(videoId, (told) => {
    if (!told) {
      problem = t("deleted-elsewhere");
      video = null;
    }
    take(told);
  });
  await Promise.all([loadCaptions(videoId, captions), loadSlides()]); // they came meanwhile
  show();
}

async function loadSlides() {
  slides = await api(`/videos/${videoId}/slides`);
  show();
}

function take(fresh) {
  video = fresh ?? null;
  if (video) document.title = `${video.title} · Lectern`;
  show();
}

async function retry() {
  try {
    take(await api(`/videos/${videoId}/retry`, { method: "POST" }));
    problem = "";
    await listen();
  } catch (error) {
    problem = error.message;
    show();
  }
}

function show() {
  const fault = problem ? html`<div class="notice bad row apart" role="alert">${problem}
    <button type="button" @click=${open}>${t("retry")}</button></div>` : "";
  if (!video) {
    render(html`<h1>${t("video")}</h1>${fault || html`<p class="quiet" role="status">${t("loading")}</p>`}
      ${fault ? html`<p><a href="/studio">${t("library")}</a></p>` : ""}`, root);
    return;
  }
  render(html`
    ${videoHead(video, "video")} ${fault}
    <div class="video-page">
      <div class="stack">
        ${preview()}
        ${detailsForm(video, details, take, t)}
        ${captionList(video, captions, show, t)}
        ${slideList(video, slides, t)}
      </div>
      <div class="stack">
        ${stepList(video, retry, t)}
        ${shareCard(video, copied, (what) => {
          copied = what;
          show();
        }, t)}
        ${video.poster_url && video.visibility !== "private" ? posterCard(video, take, t) : ""}
        ${video.duration_s === null ? "" : replaceCard(video, replacing, t)}
        ${removeCard(video, t)}
      </div>
    </div>`, root);
}

function preview() {
  if (video.visibility === "private") return html`<p class="notice warn">${t("preview-private")}</p>`;
  if (!video.playable) {
    return html`<p class="notice">${video.status === "failed" ? t("preview-failed") : t("preview-later")}</p>`;
  }
  return keyed(preview_of, html`<iframe class="preview" src="/embed/${video.playback_id}" title=${t("preview")}
    allow="autoplay; fullscreen; picture-in-picture"></iframe>`);
}
