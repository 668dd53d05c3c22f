// The list of cues. A row is drawn again only when something in it has changed: three hours have 2,500 of them.
import { html, nothing } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { live } from "lit-html/directives/live.js";
import { repeat } from "lit-html/directives/repeat.js";
import { hints } from "./reading_rules.js";
import { readStamp, stamp } from "./times.js";

/**
 * @param state {cues, selected (id), playing (index), language, doubts, matches (cue index -> places), duration_s}
 * @param act {select(index), seek(index), text(index, text), times(index, times), run(action)}
 */
export const cueRows = (state, act, t) => repeat(state.cues, (cue) => cue.id, (cue, index) => {
  const next = state.cues[index + 1];
  const found = state.matches.get(index) ?? NONE;
  const [selected, playing] = [cue.id === state.selected, index === state.playing];
  return guard([cue, next?.start_s, index, selected, playing, state.language, state.doubts, key(found)], () => (
    row({ cue, index, selected, playing, found, language: state.language, doubts: state.doubts.in(cue),
      notes: hints(cue, next, state.duration_s) }, act, t)));
});

const NONE = [];
const key = (places) => places.map(({ from, to }) => `${from}-${to}`).join();

function row({ cue, index, selected, playing, found, language, doubts, notes }, act, t) {
  return html`
    <li class="cue ${selected ? "selected" : ""}" data-id=${cue.id} aria-current=${playing ? "true" : "false"}>
      <button type="button" class="plain time" tabindex=${selected ? 0 : -1} @click=${() => act.seek(index)}
        aria-label=${t("play-from", { time: stamp(cue.start_s) })}>${stamp(cue.start_s)}</button>
      <div class="what">
        ${selected ? editing(cue, index, language, doubts, act, t) : html`
          <button type="button" class="plain text" tabindex="-1" lang=${language} @click=${() => act.select(index)}>${
            marked(cue.text, doubts, found) || html`<span class="quiet">…</span>`}</button>`}
        ${notes.length ? html`<ul class="hints">${notes.map((note) => html`
          <li class="badge ${note.grave ? "bad" : "warn"}">${t(`hint-${note.rule}`, { value: note.value ?? 0 })}</li>`)}</ul>` : nothing}
      </div>
    </li>`;
}

function editing(cue, index, language, doubts, act, t) {
  const time = (name) => html`
    <label>${t(`time-${name}`)} <input class="stamp" inputmode="decimal" spellcheck="false" .value=${live(stamp(cue[`${name}_s`]))}
      @change=${(event) => {
        const time_s = readStamp(event.target.value);
        if (Number.isNaN(time_s)) event.target.value = stamp(cue[`${name}_s`]);
        else act.times(index, { [`${name}_s`]: time_s });
      }}></label>`;
  const button = (action) => html`<button type="button" @click=${() => act.run(action)}>${t(`do-${action}`)}</button>`;
  return html`
    <textarea rows=${Math.max(2, cue.text.split("\n").length)} lang=${language} aria-label=${t("text-of", { time: stamp(cue.start_s) })}
      .value=${live(cue.text)} @input=${(event) => act.text(index, event.target.value)}></textarea>
    ${doubts.length ? html`<p class="small">${t("unsure")} ${doubts.map(({ from, to }) => html`
      <mark class="doubt" lang=${language}>${cue.text.slice(from, to)}</mark> `)}</p>` : nothing}
    <div class="row tools">${time("start")} ${time("end")}
      ${["start", "end", "replay", "split", "merge", "remove"].map(button)}</div>`;
}

/** The text with what is in doubt, and what was searched for, marked. */
function marked(text, doubts, found) {
  if (!doubts.length && !found.length) return text;
  const edges = [...new Set([0, text.length, ...[...doubts, ...found].flatMap(({ from, to }) => [from, to])])].sort((a, b) => a - b);
  const within = (places, from) => places.some((one) => one.from <= from && from < one.to);
  return edges.slice(0, -1).map((from, at) => {
    const piece = text.slice(from, edges[at + 1]);
    if (within(found, from)) return html`<mark>${piece}</mark>`;
    return within(doubts, from) ? html`<mark class="doubt">${piece}</mark>` : piece;
  });
}
