// The captions of a video by language: import a file, export one, remove.
import { html } from "lit-html";
import { api, request } from "../page/api.js";

const FORMATS = ["vtt", "srt", "txt"];

/**
 * @param {{items: object[] | null, said: string, fault: string}} state kept by the page
 * @param {() => void} onChange the page is to be shown anew
 */
export function captionList(video, state, onChange, t) {
  const attempt = async (act) => {
    Object.assign(state, { said: "", fault: "" });
    try {
      await act();
      await loadCaptions(video.id, state);
    } catch (error) {
      state.fault = error.message; // of a file that is wrong, with the number of the line
    }
    onChange();
  };
  const send = (event) => {
    event.preventDefault();
    const { language, file } = event.target.elements;
    const sent = file.files[0];
    attempt(async () => {
      await api(`/videos/${video.id}/captions/${encodeURIComponent(language.value.trim())}`, { method: "PUT", body: sent });
      state.said = t("captions-taken", { name: sent.name });
      event.target.reset();
    });
  };
  const remove = (one) => {
    if (!confirm(t("captions-remove-sure", { label: one.label }))) return;
    attempt(() => api(`/videos/${video.id}/captions/${one.language}`, {
      method: "DELETE", headers: { "If-Match": `"${one.revision}"` } }));
  };
  return html`
    <section class="card stack" aria-labelledby="captions-title">
      <h2 id="captions-title">${t("captions")}</h2>
      ${state.items?.length === 0 ? html`<p class="quiet">${t("captions-none")}</p>` : ""}
      <ul class="plain-list stack">
        ${(state.items ?? []).map((one) => html`
          <li class="row apart">
            <span>${one.label} <span class="small quiet">${one.model ? t("captions-by-machine") : t("captions-by-person")}</span></span>
            <span class="row">
              ${FORMATS.map((format) => html`<button type="button" aria-label="${t("export")} ${one.label} ${format.toUpperCase()}"
                @click=${() => attempt(() => save(video, one, format))}>${format.toUpperCase()}</button>`)}
              <button type="button" class="danger edits" aria-label="${t("delete")} ${one.label}" @click=${() => remove(one)}>
                ${t("delete")}</button>
            </span>
          </li>`)}
      </ul>
      <form class="stack edits" @submit=${send}>
        <h3>${t("captions-import")}</h3>
        <div class="row">
          <label class="field">${t("captions-language")}
            <input name="language" list="languages" required maxlength="35" .value=${video.language ?? ""}></label>
          <label class="field">${t("captions-file")} <input type="file" name="file" required accept=".vtt,.srt"></label>
        </div>
        ${state.fault ? html`<p class="notice bad" role="alert">${state.fault}</p>` : ""}
        <div class="row"><button>${t("import")}</button> <span role="status">${state.said}</span></div>
      </form>
    </section>`;
}

export async function loadCaptions(videoId, state) {
  state.items = (await api(`/videos/${videoId}/captions`)).items;
}

/** A link could not send the key. */
async function save(video, one, format) {
  const answer = await request(`/videos/${video.id}/captions/${one.language}?format=${format}`);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `${video.title}.${one.language}.${format}`;
  link.click();
  URL.revokeObjectURL(link.href);
}
