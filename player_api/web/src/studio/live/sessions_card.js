// What was published to a stream before: each is a video.
import { html } from "lit-html";
import { clock } from "../../page/dom.js";
import { dateTimeOf } from "../../page/words.js";
import { stateBadge } from "./state.js";
import { t } from "./words.js";

export function sessionsCard(sessions) {
  return html`
    <section class="card stack" aria-labelledby="sessions-title">
      <h2 id="sessions-title">${t("sessions")}</h2>
      ${sessions.length ? html`
        <ul class="plain-list stack">
          ${sessions.map((one) => html`
            <li class="stack">
              <div class="row apart">
                <a href="/studio/videos/${one.video_id}">${dateTimeOf(one.started_at)}</a>
                <span class="row"><span class="quiet small clock">${lasted(one)}</span> ${stateBadge(one.state)}</span>
              </div>
              ${one.error?.message ? html`<p class="notice bad">${one.error.message}</p>` : ""}
            </li>`)}
        </ul>` : html`<p class="quiet">${t("sessions-none")}</p>`}
    </section>`;
}

const lasted = ({ started_at, ended_at }) => (ended_at ? clock((new Date(ended_at) - new Date(started_at)) / 1000) : "");
