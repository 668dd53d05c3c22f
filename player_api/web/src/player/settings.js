// The settings of the player: a panel above its button, or below it where that leaves more room.
import { element } from "../page/dom.js";
import { t } from "./words.js";

const GEAR = "M10.3 2h3.4l.5 2.6 1.7.7 2.2-1.5 2.4 2.4-1.5 2.2.7 1.7 2.6.5v3.4l-2.6.5-.7 1.7 1.5 2.2-2.4 2.4-2.2-1.5-1.7.7-.5 " +
  "2.6h-3.4l-.5-2.6-1.7-.7-2.2 1.5-2.4-2.4L5 16.7 4.3 15l-2.6-.5v-3.4l2.6-.5L5 8.9 3.5 6.7l2.4-2.4L8.1 5.8l1.7-.7z" +
  "M12 9a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z";
const GAP_PX = 8;

/** @returns {{button: Element, panel: Element}} the panel belongs outside of what hides with the controls. */
export function settings(fields) {
  const panel = element("div", { class: "settings", popover: "auto", role: "group", "aria-label": t("settings") }, ...fields);
  const button = element("button", { type: "button", class: "on-video", title: t("settings"), "aria-label": t("settings"),
    "aria-expanded": "false" }, icon());

  button.popoverTargetElement = panel; // the browser opens and closes it, by Escape and by a press elsewhere, too
  panel.addEventListener("toggle", ({ newState }) => {
    const open = newState === "open";
    button.setAttribute("aria-expanded", String(open));
    if (open) place();
  });
  addEventListener("resize", () => panel.matches(":popover-open") && panel.hidePopover());

  function place() {
    const { top, bottom, right } = button.getBoundingClientRect();
    const above = top >= innerHeight - bottom || top >= panel.scrollHeight + 2 * GAP_PX;
    const width = document.documentElement.clientWidth;
    panel.style.right = `${Math.max(GAP_PX, Math.min(width - right, width - panel.offsetWidth - GAP_PX))}px`;
    panel.style.top = above ? "auto" : `${bottom + GAP_PX}px`;
    panel.style.bottom = above ? `${innerHeight - top + GAP_PX}px` : "auto";
    panel.style.maxHeight = `${(above ? top : innerHeight - bottom) - 2 * GAP_PX}px`;
    panel.querySelector("label:not([hidden]) select:enabled")?.focus();
  }

  return { button, panel };
}

function icon() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 25");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", GEAR);
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return svg;
}
