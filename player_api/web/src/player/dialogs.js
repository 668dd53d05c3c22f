// What the player opens over the page: the keyboard shortcuts, and sharing.
import { clock, element } from "../page/dom.js";
import { SHORTCUTS } from "./keys.js";
import { t } from "./words.js";

/** @returns {HTMLDialogElement} not open yet; it belongs into the page */
export function shortcutsDialog() {
  return dialog("shortcuts", t("shortcuts"),
    element("dl", {}, ...SHORTCUTS.flatMap(([key, what]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, what)])));
}

/**
 * A link to what is watched, from this second on if wanted, and what embeds it elsewhere.
 * @param {HTMLVideoElement} video
 * @param {{title: string, embed?: string}} about `embed`: the path of the page for frames; none where no server has one
 * @returns {{button: Element, dialog: HTMLDialogElement}}
 */
export function share(video, { title, embed }) {
  const from = element("input", { type: "checkbox" });
  const fromText = document.createTextNode("");
  const link = element("input", { type: "text", readonly: true });
  const code = element("textarea", { readonly: true, rows: "4", spellcheck: "false" });
  let at_s = 0;

  function write() {
    const address = new URL(location.pathname, location.href);
    if (from.checked) address.searchParams.set("t", at_s);
    link.value = address.href;
    if (embed) code.value = embedCode(new URL(embed, location.href), from.checked ? at_s : 0, title);
  }

  from.addEventListener("change", write);
  const opened = dialog("share", t("share"),
    element("label", { class: "row" }, from, fromText),
    field(t("share-link"), link), ...(embed ? [field(t("share-embed"), code)] : []));
  const button = element("button", { type: "button" }, t("share"));
  button.addEventListener("click", () => {
    at_s = Math.floor(video.currentTime);
    from.checked = at_s > 0;
    fromText.data = t("share-from", { time: clock(at_s) });
    write();
    opened.showModal();
  });
  return { button, dialog: opened };
}

function embedCode(address, at_s, title) {
  if (at_s) address.searchParams.set("t", at_s);
  const frame = element("iframe", { src: address.href, title, width: "640", height: "360", loading: "lazy",
    allow: "autoplay; fullscreen; picture-in-picture" });
  Object.assign(frame.style, { border: "0", maxWidth: "100%" });
  return frame.outerHTML;
}

function field(label, control) {
  const copy = element("button", { type: "button" }, t("copy"));
  const said = element("span", { role: "status", class: "quiet" });
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(control.value);
      said.textContent = t("copied");
    } catch {
      control.select(); // no clipboard without HTTPS
      said.textContent = t("copy-by-hand");
    }
  });
  return element("div", {}, element("label", { class: "field" }, label, control), element("div", { class: "row" }, copy, said));
}

function dialog(name, title, ...content) {
  const close = element("button", { type: "button", class: "primary" }, t("close"));
  const made = element("dialog", { class: name, "aria-labelledby": `${name}-title` },
    element("div", { class: "stack" }, element("h2", { id: `${name}-title` }, title), ...content,
      element("div", { class: "row end" }, close)));
  close.addEventListener("click", () => made.close());
  return made;
}
