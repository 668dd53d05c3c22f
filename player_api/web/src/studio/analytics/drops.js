// Where learners leave, with what is said and shown there; and the same numbers by chapters.
import { html } from "lit-html";
import { clock } from "../../page/dom.js";
import { quoted } from "./curve.js";
import { scrolled, TableView } from "./table_view.js";
import { count, interval, share, t } from "./words.js";

const LISTED = 5;

export class DropOffs {
  /** @param side the video beside the curve; `content` what is said and shown when */
  constructor(side, content) {
    Object.assign(this, { side, content, bins: [] });
    this.table = new TableView(t("dropoff-table"), [t("from-to"), t("left"), t("were-there"), t("share-left"), t("interval-95")],
      () => this.bins.map((one) => [`${clock(one.start_s)}–${clock(one.end_s)}`, count(one.exits), count(one.present),
        share(one.hazard), interval(one.low, one.high)]));
  }

  /** @param dropoff as the API answers */
  template({ data }) {
    this.bins = data.bins;
    this.table.update();
    const clear = data.top.length > 0;
    const listed = clear ? data.top : data.bins.filter((one) => one.exits).sort((one, other) => other.exits - one.exits).slice(0, LISTED);
    return html`<p class="quiet">${t(clear ? "drops-clear" : "drops-not-clear")}</p>
      <ol class="drops">${listed.map((one) => this.#drop(one))}</ol>
      ${this.table.element}`;
  }

  #drop(one) {
    const slide = this.content.slide(one.start_s);
    const picture = slide?.image_url ?? this.content.picture(one.start_s + 0.5);
    const said = this.content.said(one.start_s, one.end_s);
    return html`<li class="card">
      ${picture ? html`<img src=${picture} alt=${slide?.title ? t("slide-named", { title: slide.title }) : ""} width="160" height="90" loading="lazy">` : ""}
      <div>
        <p><button type="button" @click=${() => this.side.playFrom(one.start_s)}
            aria-label=${t("play-from", { time: clock(one.start_s) })}>▶ ${clock(one.start_s)}</button>
          <strong>${t("left-of", { exits: one.exits, present: one.present, share: share(one.hazard) })}</strong>
          <span class="small quiet">${interval(one.low, one.high)}
            ${one.usual === undefined ? "" : t("usual-around", { share: share(one.usual) })}</span></p>
        ${said ? html`<p class="said">${quoted(said)}</p>` : html`<p class="quiet">${t("nothing-said")}</p>`}
        ${slide ? html`<p class="small quiet">${slide.title ? t("slide-named", { title: slide.title }) : t("slide-untitled")}</p>` : ""}
      </div></li>`;
  }
}

/** @param chapters as the API answers */
export const chapterTable = ({ data }, side, video) => (data.items.length ? scrolled(t("table-of", { name: t("chapters") }), html`<table>
    <thead><tr><th scope="col">${t("chapter")}</th>
      ${["chapter-seen", "replays", "chapter-exits", "interval-95"].map((one) => html`<th scope="col" class="number">${t(one)}</th>`)}</tr></thead>
    <tbody>${data.items.map((one) => html`<tr>
      <th scope="row"><button type="button" class="plain" @click=${() => side.playFrom(one.start_s)}
        aria-label=${t("play-from", { time: clock(one.start_s) })}>▶ ${clock(one.start_s)}</button> ${one.title}</th>
      <td class="number">${share(one.retention)}</td><td class="number">${count(one.replays, 2)}</td>
      <td class="number">${count(one.exits)} (${share(one.exit_rate)})</td>
      <td class="number">${interval(one.exit_low, one.exit_high)}</td></tr>`)}</tbody>
  </table>`) : html`<p class="empty">${t("no-chapters")} <a href="/studio/videos/${video.id}/chapters">${t("make-chapters")}</a></p>`);
