// The chapters, each with what it is about: press one to go there; the one that plays is marked. Below them the topics.
import { clock, element } from "../../page/dom.js";
import { fetchChapters } from "../../player/chapters.js";
import { forEachEdition } from "../../player/edition.js";
import { ask } from "./ask.js";
import { lastBegun } from "./text.js";
import { t } from "./words.js";

const MOST_TIMES = 6; // of a topic

/** The pane. `base` is null where there are chapters and no server; `known` gets whether there are any, or topics. */
export function chapters(video, base, address, known) {
  const list = element("ol");
  const nav = element("nav", { class: "chapters", "aria-label": t("chapters"), hidden: true }, list);
  const topics = element("section", { class: "topics", hidden: true });
  const pane = element("div", { class: "scroller" }, nav, topics);
  let all = [];

  async function load(cache) {
    const [found, about] = await Promise.all([fetchChapters(address, cache), base ? ask(`${base}/topics.json`) : null]);
    all = found;
    list.replaceChildren(...found.map((chapter) => entry(chapter, about?.chapters.find(
      ({ start_s }) => Math.abs(start_s - chapter.start_s) < 0.01)?.items ?? [])));
    nav.hidden = !found.length;
    showTopics(about?.items ?? []);
    mark();
    known({ there: found.length > 0 || !topics.hidden, growing: false });
  }

  function entry({ start_s, title }, about) {
    const button = element("button", { type: "button", class: "plain" }, element("span", { class: "time" }, clock(start_s)), ` ${title}`);
    button.addEventListener("click", () => (video.currentTime = start_s));
    const phrases = about.map(({ phrase }) => phrase).join(" · ");
    return element("li", {}, button, ...(phrases ? [element("p", { class: "quiet small", dir: "auto" }, phrases)] : []));
  }

  function showTopics(items) {
    topics.hidden = !items.length;
    topics.replaceChildren(element("h2", {}, t("topics")), element("dl", {}, ...items.flatMap(({ phrase, times_s }) => [
      element("dt", { dir: "auto" }, phrase),
      element("dd", { class: "row" }, ...times_s.slice(0, MOST_TIMES).map((time_s) => {
        const time = clock(time_s);
        const button = element("button", { type: "button", class: "plain time", "aria-label": t("go-to", { time }) }, time);
        button.addEventListener("click", () => (video.currentTime = time_s));
        return button;
      })),
    ])));
  }

  function mark() {
    const at = lastBegun(all, video.currentTime, ({ start_s }) => start_s);
    [...list.children].forEach(({ firstChild }, n) => {
      if (n === at) firstChild.setAttribute("aria-current", "true");
      else firstChild.removeAttribute("aria-current");
    });
  }
  for (const name of ["timeupdate", "seeking"]) video.addEventListener(name, mark);
  forEachEdition(video, load);
  return pane;
}
