// The link of a video, and what puts its player into another page.
import { html } from "lit-html";

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** @param {(what: string) => void} onCopied */
export function shareCard(video, copied, onCopied, t) {
  const link = new URL(video.watch_url, location.href).href;
  const embed = `<iframe src="${new URL(`/embed/${video.playback_id}`, location.href).href}" title="${escaped(video.title)}" ` +
    `width="640" height="360" allow="autoplay; fullscreen; picture-in-picture"></iframe>`;
  const copy = async (what, text, event) => {
    const field = event.target.closest(".stack").querySelector(`[name=${what}]`);
    field.select(); // where the clipboard is refused, it can be copied by hand
    await navigator.clipboard?.writeText(text).then(() => onCopied(what), () => {});
  };
  const line = (what, text, field) => html`
    <label class="field">${t(what)} ${field}</label>
    <div class="row"><button type="button" @click=${(event) => copy(what, text, event)}>${t(`copy-${what}`)}</button>
      <span role="status" class="small">${copied === what ? t("copied") : ""}</span></div>`;
  return html`
    <section class="card stack share" aria-labelledby="share-title">
      <h2 id="share-title">${t("share")}</h2>
      ${video.visibility === "private" ? html`<p class="notice warn">${t("share-private")}</p>` : ""}
      ${line("link", link, html`<input name="link" readonly .value=${link}>`)}
      ${line("embed", embed, html`<textarea name="embed" readonly rows="3" .value=${embed}></textarea>`)}
    </section>`;
}
