// Slides, or the scenes of a film, with their times: press one to go there; the one that is shown is marked.
import { clock, element } from "../../page/dom.js";
import { EDITION } from "../../player/edition.js";
import { askWhileItGrows } from "./ask.js";
import { lastBegun } from "./text.js";
import { t } from "./words.js";

/** The pane of slides. `known` gets whether there are any, or will be; `live`: they come while it is watched. */
export const slides = (video, base, known, live = false) => strip(video, `${base}/slides.json`, "slide", known, live);

/** The pane of scenes. It is not promised before: most lectures have slides, and then none. */
export const scenes = (video, base, known) =>
  strip(video, `${base}/scenes.json`, "scene", ({ there }) => known({ there, growing: false }));

function strip(video, address, kind, known, live = false) {
  const note = element("p", { class: "quiet" }, t(live ? "slides-live" : "slides-wait"));
  const list = element("ol", { class: "strip" });
  const pane = element("div", { class: "scroller" }, note, list);
  let shown = [];
  let current = -1;

  const load = () => askWhileItGrows(address, (found) => {
    const growing = found?.state === "running" || found?.state === "waiting";
    draw(whole(found?.items ?? []));
    note.hidden = shown.length > 0;
    mark();
    known({ there: shown.length > (kind === "scene"), growing }); // one scene is the whole video
  }, live);
  let stop = load();
  video.addEventListener(EDITION, () => {
    stop();
    stop = load();
  });

  // What is there stays there: somebody may be about to press it.
  function draw(next) {
    const same = next.findIndex((one, n) => !alike(one, shown[n]));
    const kept = same < 0 ? next.length : same;
    while (list.children.length > kept) list.lastElementChild.remove();
    list.append(...next.slice(kept).map(entry));
    shown = next;
    if (current >= kept) current = -1;
  }

  function entry({ start_s, title, image_url }) {
    const button = element("button", { type: "button", class: "plain" },
      element("img", { src: image_url, alt: "", loading: "lazy", width: 320, height: 180 }),
      element("span", { class: "time" }, clock(start_s)), " ",
      element("span", { dir: "auto", class: title ? undefined : "unseen" }, title ?? t(kind)));
    button.addEventListener("click", () => (video.currentTime = start_s));
    return element("li", {}, button);
  }

  function mark() {
    const at = lastBegun(shown, video.currentTime + 0.05, ({ start_s }) => start_s);
    if (at === current) return;
    list.children[current]?.firstChild.removeAttribute("aria-current");
    list.children[at]?.firstChild.setAttribute("aria-current", "true");
    current = at;
    const button = list.children[at]?.firstChild;
    if (!button || !pane.clientHeight || pane.matches(":hover, :focus-within")) return; // somebody looks for one
    pane.scrollTop += button.getBoundingClientRect().top - pane.getBoundingClientRect().top - pane.clientHeight / 3;
  }
  for (const name of ["timeupdate", "seeking"]) video.addEventListener(name, mark);
  return pane;
}

const alike = (a, b) => b && a.start_s === b.start_s && a.title === b.title && a.image_url === b.image_url;

// A slide that is built up point by point is one: it begins with the first, and looks as the last.
function whole(items) {
  const found = [];
  for (const one of items) {
    if (one.build && found.length) found.push({ ...one, start_s: found.pop().start_s });
    else found.push(one);
  }
  return found;
}
