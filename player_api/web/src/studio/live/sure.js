// Asks once more before something that can not be undone.
import { html, render } from "lit-html";
import { t } from "./words.js";

/**
 * @param {{title: string, what: string, yes: string}} words
 * @param {() => Promise<void>} act what fails is said in the dialog, and can be tried again
 */
export function sure({ title, what, yes }, act) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "sure-title");
  dialog.addEventListener("close", () => dialog.remove());
  const go = async () => {
    show("", true);
    try {
      await act();
      dialog.close();
    } catch (error) {
      show(error.message);
    }
  };
  const show = (fault = "", busy = false) => render(html`
    <div class="stack">
      <h2 id="sure-title">${title}</h2>
      <p>${what}</p>
      ${fault ? html`<p class="notice bad" role="alert">${fault}</p>` : ""}
      <div class="row end">
        <button type="button" autofocus @click=${() => dialog.close()}>${t("cancel")}</button>
        <button type="button" class="danger" ?disabled=${busy} @click=${go}>${yes}</button>
      </div>
    </div>`, dialog);
  show();
  document.body.append(dialog);
  dialog.showModal();
}
