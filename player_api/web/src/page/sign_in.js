// Asks for an API key in a dialog. Several requests that lack one wait for the same dialog.
import { html, render } from "lit-html";
import { setKey } from "./key.js";
import { wordsOf } from "./words.js";

const t = await wordsOf("");
let open;

/** @returns {Promise<void>} as soon as there is a key; whether it is right, the next request tells. */
export function signIn(complaint = "") {
  open ??= new Promise((resolve) => {
    const dialog = document.createElement("dialog");
    dialog.className = "sign-in";
    dialog.setAttribute("aria-labelledby", "sign-in-title");
    const submit = (event) => {
      event.preventDefault();
      setKey(dialog.querySelector("input").value);
      dialog.close();
      dialog.remove();
      open = undefined;
      resolve();
    };
    render(html`
      <form class="stack" @submit=${submit}>
        <h2 id="sign-in-title">${t("sign-in")}</h2>
        <p class="quiet">${t("sign-in-why")}</p>
        ${complaint && html`<p class="notice bad" role="alert">${complaint}</p>`}
        <label class="field">${t("sign-in-key")}
          <input type="password" autocomplete="current-password" required spellcheck="false" autofocus></label>
        <div class="row end"><button class="primary">${t("sign-in")}</button></div>
      </form>`, dialog);
    dialog.addEventListener("cancel", (event) => event.preventDefault()); // nothing behind it works without a key
    document.body.append(dialog);
    dialog.showModal();
  });
  return open;
}
