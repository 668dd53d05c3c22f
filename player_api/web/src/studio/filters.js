// What of the library is shown, and in which order.
import { html } from "lit-html";
import { live } from "lit-html/directives/live.js";

const STATUSES = ["waiting", "live", "processing", "ready", "failed"];
const SORTS = ["newest", "oldest", "changed", "title"];
const TYPED_MS = 250; // after the last letter
let typing;

/** @param {(changes: {q?: string, status?: string, tag?: string, sort?: string}) => void} onChange */
export function filterBar(filters, onChange, t) {
  const choice = (name, label, values) => html`
    <label class="field">${t(label)}
      <select .value=${live(filters[name])} @change=${(event) => onChange({ [name]: event.target.value })}>
        ${values.map(([value, words]) => html`<option value=${value} ?selected=${value === filters[name]}>${words}</option>`)}
      </select></label>`;
  const typed = (event) => {
    clearTimeout(typing);
    const { value } = event.target;
    typing = setTimeout(() => onChange({ q: value }), TYPED_MS);
  };
  return html`
    <search class="row filters">
      <label class="field grow">${t("search-titles")}
        <input type="search" maxlength="500" value=${filters.q} @input=${typed}></label>
      ${choice("status", "status", [["", t("any-status")], ...STATUSES.map((one) => [one, t(`status-${one}`)])])}
      ${choice("sort", "sort", SORTS.map((one) => [one, t(`sort-${one}`)]))}
      ${filters.tag ? html`<button type="button" class="tag on" @click=${() => onChange({ tag: "" })}
        aria-label=${t("drop-tag", { tag: filters.tag })}>${filters.tag} ×</button>` : ""}
    </search>`;
}
