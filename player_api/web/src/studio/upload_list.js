// The uploads under way, as a list: how far each is, how fast, and what can be done with it.
import { html } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { language, numberOf, percentOf } from "../page/words.js";
import { OPEN } from "./queue.js";

const MEGABYTES = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const megabytes = (bytes) => MEGABYTES.format(bytes / 1e6);

/** @param {(id: string, values?: object) => string} t of the library page */
export function uploadList(queue, t) {
  if (!queue.items.length) return "";
  const done = queue.items.filter((item) => item.state === "done").length;
  return html`
    <section class="card stack uploads" aria-label=${t("uploads")}>
      <p class="quiet" role="status">${t("uploads-done", { done, all: queue.items.length })}</p>
      <ul class="plain-list stack">
        ${repeat(queue.items, (item) => item, (item) => row(item, queue, t))}
      </ul>
    </section>`;
}

function row(item, queue, t) {
  const part = item.file.size ? item.sent_bytes / item.file.size : item.state === "done" ? 1 : 0;
  const { name } = item.file;
  const button = (words, act) => html`
    <button type="button" aria-label="${t(words)} ${name}" @click=${act}>${t(words)}</button>`;
  return html`
    <li class="upload">
      <div class="row apart">
        <strong class="file-name">${name}</strong>
        <span class="row">
          ${item.state === "sending" || item.state === "waiting" ? button("pause", () => queue.pause(item)) : ""}
          ${item.state === "paused" || item.state === "broken" ? button("continue", () => queue.resume(item)) : ""}
          ${OPEN.includes(item.state) ? button("cancel", () => queue.remove(item)) : ""}
          ${item.state === "done" && item.video.watch_url ? html`
            <a href=${item.video.watch_url} target="_blank" rel="noopener" aria-label="${t("watch-it")} ${name}">${t("watch-it")}</a>
            <a href="/studio/videos/${item.video.id}" aria-label="${t("to-video")} ${name}">${t("to-video")}</a>` : ""}
          ${OPEN.includes(item.state) ? "" : button("take-off", () => queue.remove(item))}
        </span>
      </div>
      ${OPEN.includes(item.state) ? html`
        <progress max="1" value=${part} aria-label="${t("upload")} ${name}"></progress>` : ""}
      <span class="small quiet">${line(item, part, t)}</span>
      ${item.fault ? html`<p class="notice bad" role="alert">${item.fault}</p>` : ""}
    </li>`;
}

function line(item, part, t) {
  if (item.state === "done") return t("uploaded");
  if (item.state === "refused") return t("refused");
  if (item.state === "waiting") return t("upload-waits", { all: megabytes(item.file.size) });
  const amount = t("upload-amount", { sent: megabytes(item.sent_bytes), all: megabytes(item.file.size),
                                      part: percentOf(Math.floor(part * 100) / 100) });
  if (item.state === "paused") return `${amount} · ${t("upload-paused")}`;
  const pace = item.state === "sending" ? item.pace.bytes_s : undefined;
  if (!pace) return part === 1 && item.state === "sending" ? `${amount} · ${t("upload-checked")}` : amount;
  const left_s = Math.ceil((item.file.size - item.sent_bytes) / pace);
  const left = left_s >= 90 ? t("minutes-left", { minutes: numberOf(Math.round(left_s / 60)) })
    : t("seconds-left", { seconds: numberOf(left_s) });
  return `${amount} · ${t("pace", { megabytes: megabytes(pace) })} · ${left}`;
}
