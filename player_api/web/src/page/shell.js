// The frame of the creators' and analysts' pages: where one can go, the language, signing out.
import { html, render } from "lit-html";
import { setKey } from "./key.js";
import { mayEdit } from "./may.js";
import { chooseLanguage, language, LANGUAGES, wordsOf } from "./words.js";

const t = await wordsOf("");
// In the order in which they are tried, the last that fits is where one is.
const PLACES = [["/studio", "library", /^\/studio/], ["/studio/live", "live", /^\/studio\/live/],
  ["/studio/analytics", "analytics", /\/analytics$/]];

/** Puts the page's head above <main>, and says what language all of it is in. */
export function shell() {
  document.documentElement.lang = language;
  const header = document.createElement("header");
  header.className = "shell";
  const here = PLACES.findLast(([, , pages]) => pages.test(location.pathname))?.[0];
  render(html`
    <a class="skip" href="#main">${t("skip")}</a>
    <a class="brand" href="/studio"><img src="/icon.svg" alt="" width="24" height="24"> Lectern</a>
    <nav aria-label="Lectern">
      ${PLACES.map(([path, name]) => html`<a href=${path} class=${name === "live" ? "edits" : ""} aria-current=${path === here ? "page" : "false"}>${t(name)}</a>`)}
    </nav>
    <label class="language"><span class="unseen">${t("language")}</span>
      <select @change=${(event) => chooseLanguage(event.target.value)}>
        ${Object.entries(LANGUAGES).map(([code, name]) => html`
          <option value=${code} lang=${code} ?selected=${code === language}>${name}</option>`)}
      </select></label>
    <button type="button" class="plain" @click=${() => { setKey(""); location.assign("/studio"); }}>${t("sign-out")}</button>`,
  header);
  const told = document.createElement("p");
  told.className = "notice reads-only";
  told.setAttribute("role", "status");
  header.append(told);
  document.body.prepend(header);
  // Of pages with nothing to change it is not worth a word.
  if (!/\/analytics$/.test(location.pathname)) mayEdit.then((edits) => (told.textContent = edits ? "" : t("reads-only")));
}
