// What is done for a video, step by step, and what can be done where one failed.
import { html } from "lit-html";
import { percentOf } from "../page/words.js";

const LOOKS = { waiting: "", ready: "", running: "warn", done: "good", failed: "bad" };
const KNOWN = ["fetch", "poster", "digest", "index", "loudness", "listen", "transcribe", "translate", "transcript", "chapters", "fill",
               "measure", "storyboard", "iframes", "slides"];

/** @param {() => void} onRetry run all that failed again */
export function stepList(video, onRetry, t) {
  const retryable = video.steps.some((step) => step.state === "failed" && step.error?.retryable !== false);
  return html`
    <section class="card stack steps" aria-labelledby="steps-title">
      <h2 id="steps-title">${t("steps")}</h2>
      <div class="row">
        <progress max="1" value=${video.progress} aria-label=${t("progress")}></progress>
        <span class="quiet" role="status">${t(`state-of-${video.status}`, { part: percentOf(video.progress) })}</span>
      </div>
      <ul class="plain-list stack">
        ${video.steps.map((step) => html`
          <li>
            <div class="row apart">
              <span>${nameOf(step.name, t)}</span>
              <span class="row">${step.state === "running" ? html`<span class="small quiet">${percentOf(step.progress)}</span>` : ""}
                <span class="badge ${LOOKS[step.state]}">${t(`step-${step.state}`)}</span></span>
            </div>
            ${step.error ? html`<p class="notice bad">${step.error.message}</p>` : ""}
          </li>`)}
      </ul>
      ${retryable ? html`<div class="row edits"><button type="button" @click=${onRetry}>${t("retry")}</button></div>` : ""}
    </section>`;
}

/** "fill:h264" has a name of its own for each codec; what is new to this page is called as the API calls it. */
function nameOf(name, t) {
  const [step, of] = name.split(":");
  if (!KNOWN.includes(step)) return name;
  return of && step === "fill" ? t("name-fill-of", { of: of.toUpperCase() }) : t(`name-${step}`);
}
