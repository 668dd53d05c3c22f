// The numbers as files. They are fetched with the key of this tab, which a plain link can't carry.
import { html } from "lit-html";
import { request } from "../../page/api.js";
import { t } from "./words.js";

const FORMATS = ["csv", "json"];

/**
 * @param lines [{name, path}]: what is in it, in words, and where the API has it
 * @param failed called with a Problem
 */
export const exportButtons = (lines, failed) => html`<ul class="exports">${lines.map(({ name, path }) => html`<li>
  <span>${name}</span>
  ${FORMATS.map((format) => html`<button type="button" aria-label=${t("download-of", { name, format: format.toUpperCase() })}
    @click=${() => download(path, format).catch(failed)}>${format.toUpperCase()}</button>`)}</li>`)}</ul>`;

async function download(path, format) {
  const [where, query] = path.split("?");
  const answer = await request(`${where}?${query ? `${query}&` : ""}format=${format}`);
  const named = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = named ?? `${where.split("/").filter(Boolean).slice(1).join("-").replace("-analytics", "")}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may still be asking where to save it
}
