// What is around the list of cues: language, saving, notices, find and replace, the keys, the history.
import { html, nothing } from "lit-html";
import { dateTimeOf } from "../../page/words.js";
import { READING, SHORTCUTS } from "./shortcuts.js";

const onFile = (act) => (event) => {
  const [file] = event.target.files;
  event.target.value = ""; // the same file may be chosen again
  if (file) act(file);
};

export const captionBar = (page, may, t) => html`
  <div class="row bar">
    <label ?hidden=${!may.edits && !page.listed.length}>${t("language")}
      <select @change=${(event) => may.open(event.target.value)}>
        ${page.listed.map((one) => html`<option value=${one.language} .selected=${one.language === page.language}>${one.label}</option>`)}
        ${page.listed.some((one) => one.language === page.language) ? nothing
          : html`<option value=${page.language} .selected=${true}>${t("new-of", { language: page.language })}</option>`}
      </select></label>
    <button type="button" class="edits" @click=${() => document.querySelector("#add-language").showModal()}>${t("add-language")}</button>
    <label class="button edits">${t("import")}<input type="file" class="unseen" accept=".vtt,.srt,text/vtt,application/x-subrip"
      @change=${onFile(may.importFile)}></label>
    <button type="button" ?disabled=${!page.cues.length} @click=${() => may.exportFile("vtt")}>${t("export-vtt")}</button>
    <button type="button" ?disabled=${!page.cues.length} @click=${() => may.exportFile("srt")}>${t("export-srt")}</button>
    <span class="grow"></span>
    <button type="button" class="edits" ?disabled=${!page.steps.past.length} @click=${may.actions.undo}>${t("do-undo")}</button>
    <button type="button" class="edits" ?disabled=${!page.steps.future.length} @click=${may.actions.redo}>${t("do-redo")}</button>
    <button type="button" class="primary edits" ?disabled=${!page.dirty || page.saving} @click=${may.actions.save}>${
      page.dirty || page.saving ? t("save") : t("saved")}</button>
  </div>
  <div class="row bar small">
    <span class="quiet">${t("count-cues", { count: page.counts.cues })}</span>
    <button type="button" class="plain edits" ?disabled=${!page.counts.doubts} @click=${may.actions.doubt}>${
      t("count-doubts", { count: page.counts.doubts })}</button>
    <button type="button" class="plain" ?disabled=${!page.counts.hints} @click=${may.actions.hint}>${
      t("count-hints", { count: page.counts.hints })}</button>
    <button type="button" class="plain edits" @click=${may.actions.add}>${t("do-add")}</button>
  </div>
  <dialog id="add-language" aria-labelledby="add-language-title">
    <form method="dialog" class="stack" @submit=${(event) => {
      const [tag, copy] = event.target.elements;
      may.open(tag.value.trim(), copy.checked ? page.cues : []);
    }}>
      <h2 id="add-language-title">${t("add-language")}</h2>
      <label class="field">${t("language-tag")}<input required pattern="[a-z]{2,3}(-[A-Za-z0-9]{2,8})*" spellcheck="false"
        autocomplete="off"><span class="quiet">${t("language-tag-hint")}</span></label>
      <label class="row"><input type="checkbox" checked> ${t("language-copy")}</label>
      <div class="row end">
        <button type="button" @click=${(event) => event.target.closest("dialog").close()}>${t("cancel")}</button>
        <button class="primary">${t("add-language")}</button></div>
    </form>
  </dialog>`;

export function noticeBox(page, may, t) {
  const { notice } = page;
  return html`<div class="stack notices">
    ${page.conflict ? html`<div class="notice warn" role="alert">
      <p>${t("conflict")}</p>
      <div class="row">
        <button type="button" @click=${() => may.save(true)}>${t("conflict-mine")}</button>
        <button type="button" @click=${may.takeTheirs}>${t("conflict-theirs")}</button>
        <button type="button" @click=${() => may.exportFile("vtt")}>${t("conflict-file")}</button></div>
    </div>` : nothing}
    ${notice?.kind === "draft" ? html`<div class="notice edits" role="alert">
      <p>${t("draft", { time: dateTimeOf(notice.at_ms) })}</p>
      <div class="row"><button type="button" class="primary" @click=${notice.act}>${t("draft-go-on")}</button>
        <button type="button" @click=${notice.drop}>${t("draft-drop")}</button></div>
    </div>` : nothing}
    ${notice?.kind === "bad" ? html`<p class="notice bad" role="alert">${notice.text}</p>` : nothing}
  </div>`;
}

export function findBox(page, may, t) {
  const { find } = page;
  const set = (name) => (event) => {
    find[name] = event.target.type === "checkbox" ? event.target.checked : event.target.value;
    may.draw();
  };
  const enter = (event) => {
    if (event.key !== "Enter" || event.altKey) return;
    event.preventDefault();
    may.actions.match();
  };
  return html`<details class="find" ?open=${find.open} @toggle=${(event) => {
    if (find.open === event.target.open) return;
    find.open = event.target.open;
    may.draw();
  }}>
    <summary>${t(may.edits ? "find-and-replace" : "find")}</summary>
    <div class="stack">
      <label class="field">${t("find")}<input .value=${find.text} @input=${set("text")} @keydown=${enter}></label>
      <label class="field edits">${t("replace-by")}<input .value=${find.by} @input=${set("by")}></label>
      <label class="row"><input type="checkbox" .checked=${find.matchCase} @change=${set("matchCase")}> ${t("match-case")}</label>
      <p role="status">${find.text.trim() ? t("count-found", { count: page.counts.found }) : ""}</p>
      <div class="row">
        ${["match", "replace", "replaceAll"].map((action) => html`
          <button type="button" class=${READING.has(action) ? "" : "edits"} ?disabled=${!page.counts.found} @click=${may.actions[action]}>${t(`do-${action}`)}</button>`)}
      </div>
    </div>
  </details>`;
}

export const keysBox = (_page, may, t) => html`
  <details class="keys"><summary>${t("keys")}</summary>
    <dl>${SHORTCUTS.filter(([action]) => may.edits || READING.has(action)).map(([action, key]) => html`<dt><kbd>${key}</kbd></dt><dd>${t(`do-${action}`)}</dd>`)}</dl>
    <p class="small quiet">${t("keys-mac")}</p>
  </details>`;

export const historyBox = (page, may, t) => html`
  <details class="history edits" @toggle=${(event) => event.target.open && !page.history && may.showHistory()}>
    <summary>${t("history")}</summary>
    ${page.history === undefined ? html`<button type="button" @click=${may.showHistory}>${t("history-show")}</button>`
      : page.history.length === 0 ? html`<p class="quiet">${t("history-none")}</p>`
        : html`<ul class="plain-list">${page.history.map((one) => html`<li class="row apart">
          <span>${t("revision", { revision: one.revision })} <span class="quiet small">${dateTimeOf(one.created_at)} · ${
            one.deleted ? t("by-removal") : one.model ? t("by-model", { model: one.model }) : t("by-person")}</span></span>
          ${one.deleted || (one.revision === page.revision && !page.dirty) ? nothing : html`<button type="button"
            @click=${() => may.restore(one.revision)} aria-label=${t("restore-of", { revision: one.revision })}>${t("restore")}</button>`}
        </li>`)}</ul>`}
  </details>`;
