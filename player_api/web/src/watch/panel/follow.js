// Keeps what is said in view, until the reader scrolls.
import { element } from "../../page/dom.js";
import { t } from "./words.js";

const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const SCROLLING = new Set(["PageUp", "PageDown", "Home", "End", "ArrowUp", "ArrowDown", " "]);

/** {button, show(node), again()}: `show` brings a node of `scroller` into view while it follows; `now` gives the node. */
export function follow(scroller, now) {
  const button = element("button", { type: "button", class: "follow primary", hidden: true }, t("follow"));
  let following = true;

  function stop() {
    following = false;
    button.hidden = false;
  }

  function again() {
    following = true;
    button.hidden = true;
    show(now());
  }

  function show(node) {
    if (!following || !node || !scroller.clientHeight) return;
    // The scroller alone is moved: on a phone the page must not jump away from the video.
    const box = scroller.getBoundingClientRect();
    const place = node.getBoundingClientRect();
    if (place.top >= box.top + box.height * 0.1 && place.bottom <= box.bottom - box.height * 0.25) return;
    const by = place.top - box.top - box.height / 3;
    const far = Math.abs(by) > box.height; // what is passed on the way would all have to be laid out
    scroller.scrollBy({ top: by, behavior: far || CALM.matches ? "auto" : "smooth" });
  }

  for (const name of ["wheel", "touchmove"]) scroller.addEventListener(name, stop, { passive: true });
  scroller.addEventListener("pointerdown", (event) => event.target === scroller && stop()); // its scroll bar
  scroller.addEventListener("keydown", ({ key }) => SCROLLING.has(key) && stop());
  button.addEventListener("click", again);
  return { button, show, again };
}
