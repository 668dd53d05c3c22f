// The chapters below the player, from WebVTT: press one to go there; the one that plays is marked.
import { clock, element, seconds } from "./dom.js";

const CUE = /^((?:\d+:)?\d+:\d+\.\d+) --> .*\n(.+)/gm;
const SIGNS = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

export function chapterList(video, address) {
  const list = element("ol");
  const nav = element("nav", { class: "chapters", "aria-label": "Chapters", hidden: true },
    element("h2", { "aria-hidden": "true" }, "Chapters"), list);
  let chapters = [];

  function mark() {
    const playing = chapters.findLast(({ start_s }) => start_s <= video.currentTime);
    for (const chapter of chapters) {
      if (chapter === playing) chapter.button.setAttribute("aria-current", "true");
      else chapter.button.removeAttribute("aria-current");
    }
  }

  function entry({ start_s, title }) {
    const button = element("button", { type: "button" }, element("span", {}, clock(start_s)), ` ${title}`);
    button.addEventListener("click", () => (video.currentTime = start_s));
    list.append(element("li", {}, button));
    return { start_s, button };
  }

  fetchChapters(address).then((found) => {
    chapters = found.map(entry);
    nav.hidden = !chapters.length;
    mark();
  });
  for (const name of ["timeupdate", "seeking"]) video.addEventListener(name, mark);
  return nav;
}

async function fetchChapters(address) {
  try {
    const answer = await fetch(address);
    if (!answer.ok) return [];
    return [...(await answer.text()).matchAll(CUE)].map(([, start, title]) => ({
      start_s: seconds(start), title: title.replace(/&(?:lt|gt|amp);/g, (sign) => SIGNS[sign]),
    }));
  } catch {
    return []; // the network is away: the video says so
  }
}
