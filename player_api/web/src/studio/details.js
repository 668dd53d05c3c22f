// What is said of a video, and who may watch it.
import { html } from "lit-html";
import { api } from "../page/api.js";

const LANGUAGES = ["ar", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hu", "id", "it", "ja", "ko", "nl",
                   "no", "pl", "pt", "ro", "ru", "sv", "tr", "uk", "vi", "zh"];

/**
 * @param {{said: string, fault: string}} state of the last save, kept by the page
 * @param {(video: object) => void} onSaved
 */
export function detailsForm(video, state, onSaved, t) {
  const submit = async (event) => {
    event.preventDefault();
    const sent = valuesOf(event.target);
    const changes = Object.fromEntries(Object.entries(sent).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(video[name])));
    try {
      const saved = await api(`/videos/${video.id}`, { method: "PATCH", json: changes });
      Object.assign(state, { said: t("saved"), fault: "" });
      onSaved(saved);
    } catch (error) {
      Object.assign(state, { said: "", fault: error.message });
      onSaved(video);
    }
  };
  return html`
    <form class="card stack edits" aria-labelledby="details-title" @submit=${submit}>
      <h2 id="details-title">${t("details")}</h2>
      <label class="field">${t("title")} <input name="title" required maxlength="500" .value=${video.title}></label>
      <label class="field">${t("description")}
        <textarea name="description" maxlength="10000" .value=${video.description}></textarea></label>
      <label class="field">${t("tags")} <input name="tags" .value=${video.tags.join(", ")} aria-describedby="tags-hint">
        <span class="quiet" id="tags-hint">${t("tags-hint")}</span></label>
      <label class="field">${t("spoken")}
        <input name="language" list="languages" maxlength="35" .value=${video.language ?? ""} aria-describedby="spoken-hint">
        <span class="quiet" id="spoken-hint">${t("spoken-hint")}</span></label>
      <datalist id="languages">${LANGUAGES.map((code) => html`<option value=${code}></option>`)}</datalist>
      <label class="field">${t("visibility")}
        <select name="visibility" .value=${video.visibility} aria-describedby="visibility-hint">
          <option value="public" ?selected=${video.visibility === "public"}>${t("visibility-public")}</option>
          <option value="private" ?selected=${video.visibility === "private"}>${t("visibility-private")}</option>
        </select>
        <span class="quiet" id="visibility-hint">${t("visibility-hint")}</span></label>
      ${state.fault ? html`<p class="notice bad" role="alert">${state.fault}</p>` : ""}
      <div class="row"><button class="primary">${t("save")}</button> <span role="status">${state.said}</span></div>
    </form>`;
}

function valuesOf(form) {
  const { title, description, tags, language, visibility } = form.elements;
  return {
    title: title.value.trim(),
    description: description.value.trim(),
    tags: tags.value.split(",").map((tag) => tag.trim()).filter(Boolean),
    language: language.value.trim() || null,
    visibility: visibility.value,
  };
}
