// The menus of what hls.js plays: the quality, and the sound where there are several.
import { element } from "../page/dom.js";
import { codecOf, shortSide } from "./level.js";
import { t } from "./words.js";

/** @returns {{fields: Element[], follow(hls: object | null): void}} the menus are hidden until `follow` has something to choose. */
export function qualityChoice() {
  const quality = element("select", { disabled: true }, element("option", { value: "-1" }, t("auto")));
  const qualityField = element("label", {}, t("quality"), quality);
  const sound = element("select");
  const soundField = element("label", { hidden: true }, t("sound"), sound);

  function follow(hls) {
    if (!hls) {
      qualityField.hidden = true; // Apple's player chooses by itself and can't be told
      return;
    }
    const { Events } = hls.constructor;
    let listed;

    // One entry a size: where a size exists in several codecs, the one of the same codec that plays now.
    function listQualities() {
      const playing = codecOf(hls.levels[hls.currentLevel] ?? hls.levels[hls.startLevel] ?? hls.levels[0]);
      if (playing === listed) return nameAuto();
      listed = playing;
      const bySize = new Map();
      hls.levels.forEach((level, index) => {
        if (codecOf(level) === playing || !bySize.has(shortSide(level))) bySize.set(shortSide(level), index);
      });
      const sizes = [...bySize].sort(([a], [b]) => b - a);
      quality.replaceChildren(
        element("option", { value: -1 }, t("auto")),
        ...sizes.map(([size_px, index]) => element("option", { value: index }, `${size_px}p`)));
      quality.disabled = sizes.length < 2;
      qualityField.hidden = sizes.every(([size_px]) => !size_px); // there is sound only
      nameAuto();
    }

    function nameAuto() {
      const level = hls.levels[hls.currentLevel];
      quality.options[0].textContent =
        hls.autoLevelEnabled && level ? t("auto-now", { size: String(shortSide(level)) }) : t("auto");
    }

    function listSounds() {
      sound.replaceChildren(...hls.audioTracks.map((track, index) => (
        element("option", { value: index, lang: track.lang === "und" ? undefined : track.lang }, track.name))));
      sound.value = String(hls.audioTrack);
      soundField.hidden = hls.audioTracks.length < 2;
    }

    hls.on(Events.MANIFEST_PARSED, listQualities);
    hls.on(Events.LEVEL_SWITCHED, listQualities);
    quality.addEventListener("change", () => {
      hls.nextLevel = Number(quality.value);
      nameAuto();
    });
    hls.on(Events.AUDIO_TRACKS_UPDATED, listSounds);
    hls.on(Events.AUDIO_TRACK_SWITCHING, () => (sound.value = String(hls.audioTrack)));
    sound.addEventListener("change", () => (hls.audioTrack = Number(sound.value)));
  }

  return { fields: [qualityField, soundField], follow };
}
