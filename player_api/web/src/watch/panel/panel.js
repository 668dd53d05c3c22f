// What stands beside the player: transcript, slides, chapters, and a search in all of them.
import { element } from "../../page/dom.js";
import { language } from "../../page/words.js";
import { chapters } from "./chapters.js";
import { find } from "./find.js";
import { scenes, slides } from "./slides.js";
import { tabs } from "./tabs.js";
import { transcript } from "./transcript.js";
import { t } from "./words.js";

/**
 * Puts it into <main>, behind the player; into an embedded page nothing.
 * @param {HTMLVideoElement} video
 * @param {{beside?: string, chapters?: string, live?: string}} about of <main>: the address that the texts are under, and
 *   that of the chapters. A page without a server has only chapters, if these; what is live (`live` is there) has only
 *   slides.
 */
export function panels(video, { beside, chapters: address, live }) {
  if (document.body.classList.contains("embed") || !(beside || address)) return;
  const choice = tabs(t("panel"));
  const aside = element("aside", { class: "panel", "aria-label": t("panel"), lang: language });
  document.querySelector("main").append(aside);

  if (live !== undefined) {
    choice.add("slides", t("slides"), slides(video, beside, () => {}, true));
    choice.offer("slides", true);
    aside.append(element("div", { class: "inner" }, choice.bar, choice.body));
    return;
  }

  // A tab is there when there is something to show in it. Until somebody chooses, the first that has it is open. One after
  // the other, whichever answer comes first: what is there does not move when another comes.
  const known = {};
  const tell = (name) => ({ there, growing }) => {
    known[name] = { there, offered: there || growing || name === "transcript" };
    const names = Object.keys(panes);
    const waits = names.findIndex((one) => !known[one]);
    for (const one of waits < 0 ? names : names.slice(0, waits)) choice.offer(one, known[one].offered);
    if (!choice.chosen) choice.select(names.find((one) => known[one]?.there ?? true) ?? names[0]);
    search?.show(); // there may be more to mark
  };

  let search;
  const panes = {};
  if (beside) {
    const reading = transcript(video, beside, tell("transcript"));
    panes.transcript = reading.pane;
    panes.slides = slides(video, beside, tell("slides"));
    panes.scenes = scenes(video, beside, tell("scenes"));
    search = find(video, beside, reading);
    choice.bar.addEventListener("change", reading.shown);
  }
  panes.chapters = chapters(video, beside, address, tell("chapters"));
  for (const [name, pane] of Object.entries(panes)) choice.add(name, t(name), pane);
  choice.offer("transcript", true);
  aside.append(element("div", { class: "inner" }, ...(search ? [search.form] : []), choice.bar, choice.body));
}
