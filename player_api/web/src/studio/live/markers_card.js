// Moments that the lecturer marks: chapters of the lecture that it becomes.
import { html } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { api } from "../../page/api.js";
import { clock } from "../../page/dom.js";
import { t } from "./words.js";

/** The markers of what is live in one stream, on the page. */
export class Markers {
  constructor(streamId, show) {
    this.path = `/live-streams/${streamId}/markers`;
    this.show = show;
    this.items = [];
    this.fault = "";
    this.said = "";
  }

  async load() {
    this.items = (await api(this.path)).items;
    this.show();
  }

  async act(work, said = "") {
    try {
      await work();
      Object.assign(this, { fault: "", said });
      await this.load();
    } catch (error) {
      Object.assign(this, { fault: error.message, said: "" });
      this.show();
    }
  }

  mark(title) {
    const at = new Date().toISOString(); // when it was pressed, not when it arrives
    return this.act(() => api(this.path, { json: { title, at } }).catch((error) => {
      if (error.code !== "bad_moment") throw error;
      return api(this.path, { json: { title } }); // the clock of this machine is wrong
    }), t("marked"));
  }

  name(id, title) {
    return this.act(() => api(`${this.path}/${id}`, { method: "PATCH", json: { title } }), t("saved"));
  }

  remove(id) {
    return this.act(() => api(`${this.path}/${id}`, { method: "DELETE" }));
  }
}

export function markersCard(markers) {
  const submit = (event) => {
    event.preventDefault();
    const { title } = event.target.elements;
    markers.mark(title.value);
    title.value = "";
  };
  return html`
    <section class="card stack" aria-labelledby="markers-title">
      <h2 id="markers-title">${t("markers")}</h2>
      <p class="quiet">${t("markers-what")}</p>
      <form class="stack" @submit=${submit}>
        <label class="field">${t("marker-title")} <input name="title" maxlength="200" autocomplete="off"></label>
        <div class="row"><button class="primary">${t("mark-this")}</button>
          <span role="status" class="small">${markers.said}</span></div>
      </form>
      ${markers.fault ? html`<p class="notice bad" role="alert">${markers.fault}</p>` : ""}
      <ul class="plain-list stack" aria-label=${t("markers")}>
        ${repeat(markers.items, (one) => one.id, (one) => html`
          <li class="marker">
            <span class="clock">${clock(one.at_s)}</span>
            <input maxlength="200" aria-label=${t("marker-title-at", { at: clock(one.at_s) })} .value=${one.title}
              placeholder=${t("untitled")} @change=${(event) => markers.name(one.id, event.target.value)}>
            <button type="button" aria-label=${t("delete-marker", { at: clock(one.at_s) })}
              @click=${() => markers.remove(one.id)}>${t("delete")}</button>
          </li>`)}
      </ul>
    </section>`;
}
