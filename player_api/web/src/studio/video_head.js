// The head of every page of one video: its name, how it is, and where else one can go with it.
import { html } from "lit-html";
import { wordsOf } from "../page/words.js";
import english from "../words/video_head/en.ftl";

const t = await wordsOf(english, { de: () => import("../words/video_head/de.ftl") });
const TABS = ["video", "captions", "chapters", "trim", "analytics"];
const EDITORS = ["trim"]; // nothing to be read there
const LOOKS = { waiting: "", live: "bad", processing: "warn", ready: "good", failed: "bad" };

/** What a video's status is called, as a badge. */
export const statusBadge = (status) => html`<span class="badge ${LOOKS[status]}">${t(`status-${status}`)}</span>`;

/** That it is not shown to viewers; nothing where it is. */
export const privateBadge = (video) => (video.visibility === "private" ? html`<span class="badge">${t("private")}</span>` : "");

/**
 * @param video as the API shows it
 * @param {"video" | "captions" | "chapters" | "trim" | "analytics"} current the page that this is
 * @returns a lit-html template with the page's h1
 */
export const videoHead = (video, current) => html`
  <div class="video-head">
    <a class="small" href="/studio">← ${t("all-videos")}</a>
    <div class="row apart">
      <div class="row"><h1>${video.title}</h1> ${statusBadge(video.status)} ${privateBadge(video)}</div>
      ${video.playable && video.visibility !== "private"
        ? html`<a href=${video.watch_url} target="_blank" rel="noopener">${t("watch")}</a>` : ""}
    </div>
    <nav class="tabs" aria-label=${t("video-pages")}>
      ${TABS.map((tab) => html`<a href="/studio/videos/${video.id}${tab === "video" ? "" : `/${tab}`}" class=${EDITORS.includes(tab) ? "edits" : ""}
        aria-current=${tab === current ? "page" : "false"}>${t(`tab-${tab}`)}</a>`)}
    </nav>
  </div>`;
