// Which captions are shown, and how they look: a menu, a button (and the key C), and three menus for the look.
import { element } from "../page/dom.js";
import { EDITION } from "./edition.js";
import { lastCaptions, lastCaptionStyle, rememberCaptions, rememberCaptionStyle } from "./memory.js";
import { t } from "./words.js";

const OFF = "-1";
const LOOKS = {
  size: { label: t("caption-size"), values: { "100%": t("normal"), "75%": t("small"), "140%": t("large"), "190%": t("huge") } },
  color: { label: t("caption-color"), values: { "#fff": t("white"), "#ffe14d": t("yellow"), "#8fe8ff": t("cyan") } },
  ground: {
    label: t("caption-ground"),
    values: { "rgb(0 0 0 / 0.75)": t("dark"), "#000": t("black"), "transparent": t("see-through") },
  },
};

/** @returns {{button: Element, fields: Element[], toggle(): void}} `fields` for the settings, `toggle` for a key. */
export function captionChoice(video) {
  const menu = element("select");
  const field = element("label", { hidden: true }, t("captions"), menu);
  const button = element("button", { type: "button", class: "on-video captions-button", "aria-pressed": "false",
    title: t("captions-button"), "aria-label": t("captions"), disabled: true }, element("span"));
  const looks = looksOf();
  let last = lastCaptions();
  let settled = false; // what was chosen last is shown once, when its track comes

  const tracks = () => [...video.textTracks].filter(({ kind }) => kind === "captions" || kind === "subtitles");
  const shown = () => tracks().findIndex(({ mode }) => mode === "showing");

  function list() {
    const all = tracks();
    menu.replaceChildren(element("option", { value: OFF }, t("captions-off")),
      ...all.map((track, index) => element("option", { value: index, lang: track.language || undefined }, track.label)));
    button.disabled = !all.length; // it keeps its place: nothing beside it moves when captions come
    for (const one of [field, ...looks]) one.hidden = !all.length;
    const index = all.findIndex(({ language }) => language === last.language);
    if (!settled && last.on && index >= 0) show(index);
    tell();
  }

  function tell() {
    menu.value = String(shown());
    button.setAttribute("aria-pressed", String(shown() >= 0));
  }

  function show(index) {
    settled = true;
    tracks().forEach((track, at) => (track.mode = at === index ? "showing" : "disabled"));
  }

  function choose(index) {
    const [on, language] = [index >= 0, tracks()[index]?.language ?? last.language];
    last = { language, on };
    show(index);
    rememberCaptions(language, on);
    tell();
  }

  function toggle() {
    const all = tracks();
    if (!all.length) return;
    const wanted = [last.language, ...navigator.languages.map((one) => one.split("-")[0])];
    const found = wanted.map((one) => all.findIndex(({ language }) => language === one)).find((index) => index >= 0);
    choose(shown() >= 0 ? -1 : found ?? 0);
  }

  menu.addEventListener("change", () => choose(Number(menu.value)));
  button.addEventListener("click", toggle);
  for (const name of ["addtrack", "removetrack"]) video.textTracks.addEventListener(name, list);
  video.textTracks.addEventListener("change", tell);
  video.addEventListener(EDITION, () => (settled = false)); // its tracks are others
  list();
  return { button, fields: [field, ...looks], toggle };
}

// The browser draws the cues; a sheet of the page's says how.
function looksOf() {
  const chosen = lastCaptionStyle();
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const menus = {};

  function draw() {
    const { size, color, ground } = Object.fromEntries(Object.entries(menus).map(([name, menu]) => [name, menu.value]));
    sheet.replaceSync(`video::cue { font-size: ${size}; color: ${color}; background-color: ${ground};
      ${ground === "transparent" ? "text-shadow: 0 0 0.15em #000, 0 0 0.3em #000, 0.05em 0.05em 0.1em #000;" : ""} }`);
  }

  const fields = Object.entries(LOOKS).map(([name, { label, values }]) => {
    const menu = menus[name] = element("select", {},
      ...Object.entries(values).map(([value, text]) => element("option", { value }, text)));
    if (chosen[name] in values) menu.value = chosen[name];
    menu.addEventListener("change", () => {
      rememberCaptionStyle({ ...lastCaptionStyle(), [name]: menu.value });
      draw();
    });
    return element("label", { hidden: true }, label, menu);
  });
  draw();
  return fields;
}
