// The controls over the picture, of media-chrome's elements (docs: media-chrome.org), around the <video> of the page. They
// speak the page's language, and hide while nobody moves.
import "media-chrome/media-controller.js";
import "media-chrome/media-control-bar.js";
import "media-chrome/media-fullscreen-button.js";
import "media-chrome/media-loading-indicator.js";
import "media-chrome/media-mute-button.js";
import "media-chrome/media-pip-button.js";
import "media-chrome/media-play-button.js";
import "media-chrome/media-time-display.js";
import "media-chrome/media-volume-range.js";
import { addTranslation, setLanguage } from "media-chrome/utils/i18n.js";
import { element } from "../page/dom.js";
import { language } from "../page/words.js";

const TRANSLATION = { de: async () => (await import("media-chrome/lang/de.js")).De };

setLanguage(language);
if (TRANSLATION[language]) addTranslation(language, await TRANSLATION[language]());

/**
 * Puts the controls around `video`, where it stands.
 * @param {HTMLVideoElement} video
 * @param {{bar: Element, buttons: Element[]}} parts the time bar, and what stands before full screen
 * @returns {{controller: Element, fullScreen(): void}}
 */
export function controlsAround(video, { bar, buttons }) {
  // Keys, the volume and captions are the page's own; it remembers them.
  const controller = element("media-controller", {
    nohotkeys: true, novolumepref: true, nomutedpref: true, nosubtitleslangpref: true, defaultstreamtype: "on-demand",
    "aria-label": video.getAttribute("aria-label"), lang: language,
  });
  video.before(controller);
  video.slot = "media";
  video.controls = false;
  controller.append(video,
    element("media-loading-indicator", { slot: "centered-chrome", noautohide: true }),
    element("div", { class: "controls" }, bar,
      element("media-control-bar", {},
        element("media-play-button"), element("media-mute-button"), element("media-volume-range"),
        element("media-time-display", { showduration: true, notoggle: true }),
        element("span", { class: "space" }),
        ...buttons, element("media-pip-button"), element("media-fullscreen-button"))));
  return { controller, fullScreen: () => fullScreen(controller, video) };
}

function fullScreen(controller, video) {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (controller.requestFullscreen) controller.requestFullscreen().catch(() => {});
  else video.webkitEnterFullscreen?.(); // iPhone
}
