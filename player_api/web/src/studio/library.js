// The library: all videos of the organization, and uploads in the same place. The server gives <main data-upload-url>,
// and data-direct-url where its storage takes uploads from the browser; this makes the rest, over the public API.
import { html, render } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { api } from "../page/api.js";
import { readsOnly } from "../page/may.js";
import { shell } from "../page/shell.js";
import { wordsOf } from "../page/words.js";
import english from "../words/studio/en.ftl";
import { dropAnywhere } from "./drop_anywhere.js";
import { filterBar } from "./filters.js";
import { Queue } from "./queue.js";
import { uploadList } from "./upload_list.js";
import { videoRow } from "./video_row.js";

const t = await wordsOf(english, { de: () => import("../words/studio/de.ftl") });
const PAGE = 24; // videos
const LOOK_AGAIN_MS = 2000;
const TYPES = "video/*,audio/*,.mkv,.mov,.mp4,.webm,.avi,.ts,.m4v,.m4a,.mp3,.opus,.flac";
const main = document.querySelector("main[data-upload-url]");
const root = document.createElement("div");

const asked = new URLSearchParams(location.search);
const filters = { q: asked.get("q") ?? "", status: asked.get("status") ?? "", tag: asked.get("tag") ?? "",
                  sort: asked.get("sort") ?? "newest" };
let videos = null; // until the first answer
let cursor = null;
let problem = "";
let asking; // an AbortController of the list that is being read

const queue = new Queue({ tus: main.dataset.uploadUrl, direct: main.dataset.directUrl }, {
  onChange: show,
  onDone: () => load(),
  unreachable: () => t("upload-unreachable"),
  answered: (status) => t("answered", { status }),
  wrongKey: () => t("sign-in-wrong"),
});

shell();
document.title = `${t("library")} · Lectern`;
main.replaceChildren(root);
show();
dropAnywhere((files) => readsOnly() || queue.add(files));
addEventListener("beforeunload", (event) => queue.busy && event.preventDefault());
load();
lookAgain();

function wanted() {
  return Object.entries(filters).filter(([name, value]) => value && !(name === "sort" && value === "newest"));
}

/** The list from its beginning, or its next page. */
async function load(following = null) {
  asking?.abort();
  const { signal } = (asking = new AbortController());
  const query = new URLSearchParams([...wanted(), ["limit", PAGE], ...(following ? [["cursor", following]] : [])]);
  try {
    const page = await api(`/videos?${query}`, { signal });
    videos = following ? [...videos, ...page.items] : page.items;
    cursor = page.next_cursor;
    problem = "";
  } catch (error) {
    if (error.name === "AbortError") return;
    problem = error.message;
  }
  show();
}

function filter(changes) {
  Object.assign(filters, changes);
  history.replaceState(null, "", `${location.pathname}${wanted().length ? `?${new URLSearchParams(wanted())}` : ""}`);
  show();
  load();
}

/** What is being prepared is asked after as long as somebody looks. */
async function lookAgain() {
  const active = document.hidden ? [] : (videos ?? []).filter(({ status }) => status === "processing" || status === "waiting");
  for (const { id } of active) {
    try {
      const fresh = await api(`/videos/${id}`);
      videos = videos.map((video) => (video.id === id ? fresh : video));
    } catch (error) {
      if (error.status === 404) videos = videos.filter((video) => video.id !== id); // deleted elsewhere
    }
    show(); // of a server that does not answer, the next look may be luckier
  }
  setTimeout(lookAgain, LOOK_AGAIN_MS);
}

function show() {
  render(html`
    <div class="row apart">
      <h1>${t("library")}</h1>
      <label class="upload-button primary edits">${t("upload-videos")}
        <input type="file" multiple accept=${TYPES} class="unseen" @change=${({ target }) => {
          queue.add([...target.files]);
          target.value = ""; // so that choosing the same file again counts as a choice
        }}></label>
    </div>
    <p class="quiet small edits">${t("drop-anywhere")}</p>
    ${uploadList(queue, t)}
    ${filterBar(filters, filter, t)}
    ${problem ? html`<div class="notice bad row apart" role="alert">${problem}
      <button type="button" @click=${() => load()}>${t("retry")}</button></div>` : ""}
    ${list()}
    <div class="drop-here" aria-hidden="true">${t("drop-here")}</div>`, root);
}

function list() {
  if (videos === null) return problem ? "" : html`<p class="quiet" role="status">${t("loading")}</p>`;
  if (!videos.length && (filters.q || filters.status || filters.tag)) {
    return html`<div class="empty stack" role="status"><p>${t("none-found")}</p>
      <div><button type="button" @click=${() => filter({ q: "", status: "", tag: "" })}>${t("show-all")}</button></div></div>`;
  }
  if (!videos.length) return html`<div class="empty"><p><strong>${t("empty")}</strong></p><p>${t("empty-what")}</p></div>`;
  return html`
    <ul class="plain-list videos" aria-label=${t("videos")}>
      ${repeat(videos, (video) => video.id, (video) => videoRow(video, t, (tag) => filter({ tag })))}
    </ul>
    ${cursor ? html`<div class="row"><button type="button" @click=${() => load(cursor)}>${t("show-more")}</button></div>` : ""}`;
}
