// Deleting a video, which nothing undoes: asked once more, with its name.
import { html, render } from "lit-html";
import { api } from "../page/api.js";

export const removeCard = (video, t) => html`
  <section class="card stack edits" aria-labelledby="remove-title">
    <h2 id="remove-title">${t("remove")}</h2>
    <div class="row"><button type="button" class="danger" @click=${() => ask(video, t)}>${t("remove-video")}</button></div>
  </section>`;

function ask(video, t) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "sure-title");
  dialog.addEventListener("close", () => dialog.remove());
  const remove = async () => {
    try {
      await api(`/videos/${video.id}`, { method: "DELETE" });
      location.assign("/studio");
    } catch (error) {
      show(error.message);
    }
  };
  const show = (fault = "") => render(html`
    <div class="stack">
      <h2 id="sure-title">${t("remove-sure", { title: video.title })}</h2>
      <p>${t("remove-what")}</p>
      ${fault ? html`<p class="notice bad" role="alert">${fault}</p>` : ""}
      <div class="row end">
        <button type="button" autofocus @click=${() => dialog.close()}>${t("cancel")}</button>
        <button type="button" class="danger" @click=${remove}>${t("remove-yes")}</button>
      </div>
    </div>`, dialog);
  show();
  document.body.append(dialog);
  dialog.showModal();
}
