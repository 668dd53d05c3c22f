// The picture that stands for a video: found by itself, or picked from the storyboard.
import { html, render } from "lit-html";
import { ref } from "lit-html/directives/ref.js";
import { clock, seconds } from "../page/dom.js";
import { api } from "../page/api.js";
import { paint } from "../player/tiles.js";

const CUE = /^((?:\d+:)?\d+:\d+\.\d+) --> ((?:\d+:)?\d+:\d+\.\d+).*\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)/gm;
const SHOWN_PX = 144; // width of a tile

export function posterCard(video, onChange, t) {
  const choose = async (at_s) => onChange(await api(`/videos/${video.id}`, { method: "PATCH", json: { poster_time_s: at_s } }));
  return html`
    <section class="card stack" aria-labelledby="poster-title">
      <h2 id="poster-title">${t("poster")}</h2>
      <img class="poster" src=${video.poster_url} alt="" width="160" height="90">
      <p class="quiet small">${video.poster_time_s === null ? t("poster-found") : t("poster-chosen", { at: clock(video.poster_time_s) })}</p>
      <div class="row edits">
        <button type="button" @click=${() => pick(video, choose, t)}>${t("poster-pick")}</button>
        ${video.poster_time_s === null ? "" : html`
          <button type="button" @click=${() => choose(null)}>${t("poster-automatic")}</button>`}
      </div>
    </section>`;
}

async function pick(video, choose, t) {
  const dialog = document.createElement("dialog");
  dialog.className = "pick-poster";
  dialog.setAttribute("aria-labelledby", "pick-title");
  dialog.addEventListener("close", () => dialog.remove());
  const show = (tiles, fault = "") => render(html`
    <div class="stack">
      <h2 id="pick-title">${t("poster-pick")}</h2>
      ${fault ? html`<p class="notice bad" role="alert">${fault}</p>` : ""}
      ${tiles === undefined && !fault ? html`<p class="quiet" role="status">${t("loading")}</p>` : ""}
      ${tiles?.length === 0 ? html`<p>${t("poster-no-pictures")}</p>` : ""}
      <div class="tiles">
        ${(tiles ?? []).map((tile) => html`
          <button type="button" aria-label=${t("poster-at", { at: clock(tile.at_s) })} @click=${async () => {
            try {
              await choose(tile.at_s);
              dialog.close();
            } catch (error) {
              show(tiles, error.message);
            }
          }}><span class="tile" ${ref((node) => node && paint(node, tile, SHOWN_PX / tile.width))}></span>${clock(tile.at_s)}</button>`)}
      </div>
      <div class="row end"><button type="button" @click=${() => dialog.close()}>${t("cancel")}</button></div>
    </div>`, dialog);
  document.body.append(dialog);
  show();
  dialog.showModal();
  try {
    const answer = await fetch(video.storyboard_url);
    if (!answer.ok) throw new Error(t("answered", { status: answer.status }));
    show(tilesOf(await answer.text(), video));
  } catch (error) {
    show(undefined, error.message);
  }
}

/** The tiles of a storyboard; `at_s` is a second in the middle of what a tile stands for. */
function tilesOf(text, video) {
  return [...text.matchAll(CUE)].map(([, start, end, sheet, x, y, width, height]) => ({
    at_s: Math.floor(((seconds(start) + seconds(end)) / 2) * 10) / 10,
    url: new URL(sheet, new URL(video.storyboard_url, location.href)).href, x, y, width, height }));
}
