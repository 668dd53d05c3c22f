// What a stream is called, and how near to now its learners are.
import { html } from "lit-html";
import { api } from "../../page/api.js";

/** @param {(stream: object) => void} onSaved */
export function settingsCard(stream, state, onSaved, t) {
  const submit = async (event) => {
    event.preventDefault();
    const { name, profile } = event.target.elements;
    try {
      const saved = await api(`/live-streams/${stream.id}`, {
        method: "PATCH", json: { name: name.value, profile: profile.value } });
      Object.assign(state, { said: t("saved"), fault: "" });
      onSaved(saved);
    } catch (error) {
      Object.assign(state, { said: "", fault: error.message });
      onSaved(stream);
    }
  };
  return html`
    <form class="card stack" aria-labelledby="settings-title" @submit=${submit}>
      <h2 id="settings-title">${t("settings")}</h2>
      <label class="field">${t("name")} <input name="name" required maxlength="500" value=${stream.name}>
        <span class="quiet">${t("name-hint")}</span></label>
      <label class="field">${t("profile")}
        <select name="profile">${["default", "low"].map((one) => html`
          <option value=${one} ?selected=${one === stream.profile}>${t(`profile-${one}`)}</option>`)}</select></label>
      <p class="quiet small">${t("settings-when")}</p>
      ${state.fault ? html`<p class="notice bad" role="alert">${state.fault}</p>` : ""}
      <div class="row"><button class="primary">${t("save")}</button> <span role="status" class="small">${state.said}</span></div>
    </form>`;
}
