// Search inside the video: hits as a list, as marks in the transcript, and on the time bar.
import { clock, element } from "../../page/dom.js";
import { EDITION } from "../../player/edition.js";
import { setMarks } from "../../player/marks.js";
import { ask } from "./ask.js";
import { t } from "./words.js";

const AFTER_MS = 200; // without another key
const TYPING = "input, textarea, select, [contenteditable]";

/** The search field with its list. `reading` is the transcript, whose words tell the exact second. */
export function find(video, base, reading) {
  const field = element("input", {
    type: "search", placeholder: t("search-inside"), "aria-label": t("search-inside"), "aria-keyshortcuts": "/", maxlength: 200,
    autocomplete: "off", spellcheck: "false",
  });
  const count = element("p", { class: "quiet small", role: "status" });
  const list = element("ol", { class: "hits", "aria-label": t("hits"), hidden: true });
  const form = element("form", { class: "find", role: "search" }, field, count, list);
  let asked; // AbortController of the request that counts
  let timer;
  let answered = { items: [], words: [] };

  async function look() {
    asked?.abort();
    asked = new AbortController();
    const { signal } = asked;
    const q = field.value;
    const found = q.trim() ? await ask(`${base}/search?q=${encodeURIComponent(q)}`, signal) : { items: [], words: [] };
    if (signal.aborted) return;
    if (!found) {
      count.textContent = t("search-away");
      return;
    }
    answered = found;
    show();
  }

  /** Once more, as there is more text now. */
  function show() {
    reading.mark(new Set(answered.words));
    const places = new Map(); // what two passages share is one place
    for (const hit of answered.items) {
      const time_s = (hit.kind === "speech" ? reading.around(hit) : undefined) ?? hit.at_s;
      const key = `${hit.kind} ${time_s.toFixed(1)}`;
      if (!places.has(key)) places.set(key, { ...hit, time_s });
    }
    const hits = [...places.values()].sort((a, b) => a.time_s - b.time_s);
    count.textContent = field.value.trim() ? t("search-hits", { count: hits.length }) : "";
    list.replaceChildren(...hits.map(entry));
    list.hidden = !hits.length;
    setMarks(hits.map(({ time_s }) => time_s));
  }

  function entry({ time_s, kind, snippet, marks }) {
    const text = element("span", { class: "snippet", dir: "auto" });
    let at = 0;
    for (const [from, to] of marks) {
      text.append(snippet.slice(at, from), element("mark", {}, snippet.slice(from, to)));
      at = to;
    }
    text.append(snippet.slice(at));
    const button = element("button", { type: "button", class: "plain", "data-time": time_s },
      element("span", { class: "time" }, clock(time_s)), " ", element("span", { class: "badge" }, t(`kind-${kind}`)), " ", text);
    button.addEventListener("click", () => {
      video.currentTime = time_s;
      reading.again();
    });
    return element("li", {}, button);
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, AFTER_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    look();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !field.value) return;
    event.preventDefault();
    field.value = "";
    look();
  });
  video.addEventListener(EDITION, () => field.value.trim() && look());
  window.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest?.(TYPING) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    field.focus();
    field.select();
  }, true);
  return { form, show };
}
