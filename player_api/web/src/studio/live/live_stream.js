// One live stream: what is on air, how it does, and what was before. The server gives <main data-stream-id>.
import { html, render } from "lit-html";
import { keyed } from "lit-html/directives/keyed.js";
import { api } from "../../page/api.js";
import { clock } from "../../page/dom.js";
import { shell } from "../../page/shell.js";
import { LiveNow } from "../analytics/live_now.js";
import { healthCard } from "./health_card.js";
import { keyCard } from "./key_card.js";
import { Markers, markersCard } from "./markers_card.js";
import { sessionsCard } from "./sessions_card.js";
import { stateBadge } from "./state.js";
import { settingsCard } from "./stream_settings.js";
import { sure } from "./sure.js";
import { t } from "./words.js";

const LOOK_AGAIN_MS = 2000;
const main = document.querySelector("main[data-stream-id]");
const { streamId } = main.dataset;
const path = `/live-streams/${streamId}`;
const root = document.createElement("div");
const copying = { copied: "" };
const settings = { said: "", fault: "" };
const markers = new Markers(streamId, () => show());
const watching = new LiveNow();
let stream = null; // until the first answer
let servers = null; // with the key, once it was made anew
let problem = "";

shell();
main.replaceChildren(root);
show();
look();
setInterval(() => stream?.current && !document.hidden && show(), 1000); // how long it has lasted

async function look() {
  if (!document.hidden || !stream) {
    try {
      const fresh = await api(path);
      if (fresh.current) watching.set(await api(`/videos/${fresh.current.video_id}/analytics/live`));
      take(fresh);
    } catch (error) {
      problem = error.message;
      show();
      if (error.status === 404) return;
    }
  }
  setTimeout(look, LOOK_AGAIN_MS);
}

function take(fresh) {
  const before = stream?.current?.id;
  stream = fresh;
  problem = "";
  document.title = `${stream.name} · Lectern`;
  if (stream.current && stream.current.id !== before) markers.load().catch((error) => (problem = error.message));
  show();
}

const end = () => sure({ title: t("end-sure"), what: t("end-what"), yes: t("end-yes") },
  async () => take(await api(`${path}/end`, { method: "POST" })));

const rotate = () => sure({ title: t("rotate-sure"), what: t("rotate-what"), yes: t("rotate-yes") }, async () => {
  const fresh = await api(`${path}/rotate-key`, { method: "POST" });
  servers = fresh.servers;
  copying.copied = "";
  take(fresh);
});

const remove = () => sure({ title: t("delete-sure", { name: stream.name }), what: t("delete-what"), yes: t("delete-yes") },
  async () => {
    await api(path, { method: "DELETE" });
    location.assign("/studio/live");
  });

function show() {
  const fault = problem ? html`<p class="notice bad" role="alert">${problem}</p>` : "";
  if (!stream) {
    render(html`<h1>${t("live")}</h1>${fault || html`<p class="quiet" role="status">${t("loading")}</p>`}
      ${fault ? html`<p><a href="/studio/live">${t("all-streams")}</a></p>` : ""}`, root);
    return;
  }
  const { current } = stream;
  render(html`
    <div class="video-head">
      <a class="small" href="/studio/live">← ${t("all-streams")}</a>
      <div class="row apart">
        <div class="row"><h1>${stream.name}</h1> ${stateBadge(stream.state)}
          ${current ? html`<span class="clock" role="timer" aria-label=${t("lasts")}>${lasts(current)}</span>` : ""}
          ${current?.viewers == null ? "" : html`<span class="quiet">${t("viewers-now", { count: current.viewers })}</span>`}</div>
        ${current ? html`<span class="row"><a href=${current.watch_url} target="_blank" rel="noopener">${t("watch")}</a>
          <button type="button" class="danger" @click=${end}>${t("end-stream")}</button></span>` : ""}
      </div>
    </div>
    ${fault}
    <div class="video-page live-page">
      <div class="stack">
        ${current ? html`${preview(current)} ${markersCard(markers)} ${audience()}` : html`
          <div class="empty stack"><p><strong>${t("idle")}</strong></p><p>${t("idle-what")}</p></div>`}
        ${sessionsCard(stream.sessions.filter((one) => one.id !== current?.id))}
      </div>
      <div class="stack">
        ${current ? healthCard(current.health) : ""}
        ${keyCard(servers ?? stream.servers, copying, show)}
        <div class="row"><button type="button" @click=${rotate}>${t("rotate")}</button></div>
        ${settingsCard(stream, settings, take, t)}
        <div class="row"><button type="button" class="danger" @click=${remove}>${t("delete-stream")}</button></div>
      </div>
    </div>`, root);
}

const audience = () => html`<section class="card stack audience" aria-labelledby="audience-title">
  <h2 id="audience-title">${t("audience")}</h2>${watching.template}</section>`;

function preview(current) {
  if (current.state === "waiting") return html`<p class="notice" role="status">${t("waiting-what")}</p>`;
  return html`
    ${current.state === "interrupted" ? html`<p class="notice warn" role="status">${t("interrupted-what")}</p>` : ""}
    ${keyed(current.id, html`<iframe class="preview" src="/embed/${current.playback_id}?muted" title=${t("preview")}
      allow="autoplay; fullscreen; picture-in-picture"></iframe>`)}`;
}

const lasts = ({ started_at }) => clock((Date.now() - new Date(started_at)) / 1000);
