// A video in the library.
import { html } from "lit-html";
import { clock } from "../page/dom.js";
import { dateOf, percentOf } from "../page/words.js";
import { privateBadge, statusBadge } from "./video_head.js";

/** @param {(tag: string) => void} onTag somebody wants to see what else has that tag */
export function videoRow(video, t, onTag) {
  const address = `/studio/videos/${video.id}`;
  const shown = video.poster_url && video.visibility !== "private"; // nobody is sent the pictures of a private one
  return html`
    <li class="video-row">
      <a href=${address} class="poster" tabindex="-1" aria-hidden="true">
        ${shown ? html`<img src=${video.poster_url} alt="" loading="lazy" width="160" height="90">` : ""}
        ${video.duration_s === null ? "" : html`<span class="length">${clock(video.duration_s)}</span>`}
      </a>
      <div class="about">
        <a href=${address} class="title">${video.title}</a>
        <div class="row small quiet">
          ${statusBadge(video.status)} ${privateBadge(video)}
          <time datetime=${video.created_at}>${dateOf(video.created_at)}</time>
        </div>
        ${video.tags.length ? html`<div class="row">${video.tags.map((tag) => html`
          <button type="button" class="tag" @click=${() => onTag(tag)} aria-label=${t("only-tag", { tag })}>${tag}</button>`)}
          </div>` : ""}
        ${video.status === "processing" || video.status === "waiting" ? html`
          <div class="row under-way">
            <progress max="1" value=${video.progress} aria-label="${t("prepared")} ${video.title}"></progress>
            <span class="small quiet">${video.playable ? t("plays-already", { part: percentOf(video.progress) })
              : t("not-yet", { part: percentOf(video.progress) })}</span>
          </div>` : ""}
        ${video.error ? html`<p class="notice bad small">${video.error.message}</p>` : ""}
      </div>
    </li>`;
}
