// The slides that were found in a video.
import { html } from "lit-html";
import { clock } from "../page/dom.js";

/** @param {object | null} slides the API's answer; null until it is there */
export function slideList(video, slides, t) {
  const why = slides === null ? t("loading") : slides.why_none ?? (slides.looked ? t("slides-none") : t("slides-later"));
  const address = (slide) => `${video.watch_url}?t=${Math.floor(slide.start_s)}`;
  return html`
    <section class="card stack" aria-labelledby="slides-title">
      <h2 id="slides-title">${t("slides")}</h2>
      ${slides?.items.length ? "" : html`<p class="quiet">${why}</p>`}
      ${slides?.why_no_text && slides.items.length ? html`<p class="quiet small">${slides.why_no_text}</p>` : ""}
      ${slides?.items.length ? html`<ul class="plain-list slides" tabindex="0" aria-labelledby="slides-title">
        ${slides.items.filter((slide) => !slide.build).map((slide) => html`
          <li>
            ${video.visibility === "private" ? html`<strong>${clock(slide.start_s)}</strong>` : html`
              <a href=${address(slide)} target="_blank" rel="noopener">
                <img src=${slide.image_url} alt=${slide.title ?? t("slide-at", { at: clock(slide.start_s) })} loading="lazy"></a>`}
            <span class="small">${clock(slide.start_s)} ${slide.title ?? ""}</span>
          </li>`)}
      </ul>` : ""}
    </section>`;
}
