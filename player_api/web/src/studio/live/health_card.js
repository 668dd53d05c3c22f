// How the incoming stream does, and what its lecturer could do about it.
import { html } from "lit-html";
import { numberOf } from "../../page/words.js";
import { t } from "./words.js";

const KNOWN = ["encoder_behind", "no_sound", "key_frames_rare", "frames_missing", "frame_rate_low", "bitrate_high", "bitrate_low"];

/** @param health of the API; null while nothing arrives */
export function healthCard(health) {
  return html`
    <section class="card stack" aria-labelledby="health-title">
      <h2 id="health-title">${t("health")}</h2>
      ${health ? figures(health) : html`<p class="quiet">${t("health-none")}</p>`}
      <div role="status" class="stack">
        ${health?.advice.map((one) => html`<p class="notice warn">${sentence(one, health)}</p>`)}
        ${health && !health.advice.length ? html`<p class="notice good">${t("health-good")}</p>` : ""}
      </div>
    </section>`;
}

function figures(health) {
  const line = (name, value) => html`<div><dt>${t(name)}</dt><dd>${value}</dd></div>`;
  const of = (value, unit) => (value === null ? t("not-known") : t(unit, { value: numberOf(value) }));
  return html`
    <dl class="figures">
      ${line("incoming", of(Math.round(health.bitrate_bps / 1000), "kbit-s"))}
      ${line("picture", `${health.width_px}×${health.height_px} ${health.video_codec.toUpperCase()}`)}
      ${line("frame-rate", of(health.frame_rate === null ? null : Math.round(health.frame_rate * 10) / 10, "a-second"))}
      ${line("key-frames", of(health.key_frame_interval_s === null ? null : Math.round(health.key_frame_interval_s * 10) / 10, "every-s"))}
      ${line("sound", health.audio_codec?.toUpperCase() ?? t("none"))}
      ${line("missing-frames", numberOf(health.missing_frames))}
      ${line("encoder-lag", of(Math.round(health.encoder_lag_s * 10) / 10, "seconds"))}
      ${line("encoder-speed", health.encoder_speed === null ? t("not-known") : `${numberOf(health.encoder_speed)}×`)}
      ${line("restarts", numberOf(health.restarts))}
    </dl>`;
}

/** What is new to this page is said as the API says it. */
function sentence({ code, message }, health) {
  if (!KNOWN.includes(code)) return message;
  return t(`advice-${code.replaceAll("_", "-")}`, {
    lag: Math.round(health.encoder_lag_s), interval: Math.round(health.key_frame_interval_s), rate: Math.round(health.frame_rate),
    mbit: Math.round(health.bitrate_bps / 1e6), kbit: Math.round(health.bitrate_bps / 1000),
    size: `${health.width_px}×${health.height_px}`,
  });
}
