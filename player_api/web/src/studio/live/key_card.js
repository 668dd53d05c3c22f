// Where an encoder sends to, in the words of OBS, with the key for this once; and the same for ffmpeg.
import { html } from "lit-html";
import { t } from "./words.js";

const NAMES = { rtmp: "RTMP", srt: "SRT" };

/**
 * @param {{protocol: string, url: string, stream_key: string | null}[]} servers as the API tells them
 * @param {{copied: string}} state which field was copied last
 * @param {() => void} show
 */
export function keyCard(servers, state, show) {
  const known = servers.some((server) => server.stream_key);
  return html`
    <section class="card stack keys" aria-labelledby="keys-title">
      <h2 id="keys-title">${t("server-and-key")}</h2>
      ${known ? html`<p class="notice warn">${t("key-once")}</p>` : html`<p class="quiet">${t("key-hidden")}</p>`}
      ${servers.length ? servers.map((server) => ways(server, state, show)) : html`<p class="quiet">${t("no-servers")}</p>`}
      <details>
        <summary>${t("obs-how")}</summary>
        <ol>
          <li>${t("obs-stream")}</li>
          <li>${t("obs-output")}</li>
          <li>${t("obs-video")}</li>
          <li>${t("obs-start")}</li>
        </ol>
      </details>
      <details>
        <summary>${t("ffmpeg-how")}</summary>
        <div class="stack">${servers.map((server) => html`<pre>${command(server)}</pre>`)}</div>
      </details>
    </section>`;
}

function ways(server, state, show) {
  const { protocol, url, stream_key: key } = server;
  const field = (name, label, value) => html`
    <div class="copied">
      <label class="field">${label} <input name=${`${protocol}-${name}`} readonly .value=${value}></label>
      <button type="button" aria-label=${t("copy-of", { what: `${NAMES[protocol]}: ${label}` })}
        @click=${(event) => copy(event, `${protocol}-${name}`, value, state, show)}>${t("copy")}</button>
      <span role="status" class="small">${state.copied === `${protocol}-${name}` ? t("copied") : ""}</span>
    </div>`;
  return html`
    <h3>${NAMES[protocol]} <span class="quiet small">${t(`about-${protocol}`)}</span></h3>
    ${field("server", t("obs-server"), url)}
    ${protocol === "srt" ? html`<p class="quiet small">${t(key ? "srt-no-key" : "srt-put-key")}</p>`
      : key ? field("key", t("obs-key"), key) : ""}`;
}

async function copy(event, name, value, state, show) {
  event.target.closest(".copied").querySelector("input").select(); // where the clipboard is refused, it can be copied by hand
  await navigator.clipboard?.writeText(value).then(() => {
    state.copied = name;
    show();
  }, () => {});
}

function command({ protocol, url, stream_key: key }) {
  const to = protocol === "rtmp" ? `-f flv '${url}/${key ?? "KEY"}'` : `-f mpegts '${url.replace("STREAM_KEY", "KEY")}&pkt_size=1316'`;
  return `ffmpeg -re -i lecture.mp4 -c:v libx264 -preset veryfast -tune zerolatency -g 60 -c:a aac ${to}`;
}
