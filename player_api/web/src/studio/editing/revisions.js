// Captions and chapters have numbered revisions. Each time somebody saves, the server is told which one was edited; it
// refuses where there is a newer one.
import { api, Problem, request } from "../../page/api.js";
import { read, vtt } from "./caption_files.js";

const revisionOf = (answer) => Number(/\d+/.exec(answer.headers.get("ETag") ?? "")?.[0] ?? 0);
const isConflict = (error) => error instanceof Problem && error.status === 409 && /_changed$/.test(error.code);

/** Runs what saves. @returns its result, or undefined where somebody else saved meanwhile. @throws {Problem} else */
export async function unlessChanged(save) {
  try {
    return await save();
  } catch (error) {
    if (isConflict(error)) return undefined;
    throw error;
  }
}

export class CaptionRevisions {
  constructor(videoId) {
    this.path = `/videos/${videoId}/captions`;
  }

  async languages() {
    return (await api(this.path)).items;
  }

  /** The newest, or another: {revision, cues}; no cues where they were removed meanwhile. */
  async load(language, revision) {
    try {
      const answer = await request(`${this.path}/${language}${revision ? `?revision=${revision}` : ""}`);
      return { revision: revisionOf(answer), cues: read(await answer.text()) };
    } catch (error) {
      if (error.code !== "captions_not_found") throw error;
      return this.none(language);
    }
  }

  /** The same for a language without captions; removed ones have their number, too. */
  async none(language) {
    const [last] = await this.history(language);
    return { revision: last?.revision ?? 0, cues: [] };
  }

  async history(language) {
    return (await api(`${this.path}/${language}/revisions`)).items;
  }

  /** @returns {Promise<number>} the new revision */
  async save(language, cues, edited) {
    const answer = await request(`${this.path}/${language}`, {
      method: "PUT", body: vtt(cues), headers: { "Content-Type": "text/vtt", "If-Match": `"${edited}"` },
    });
    return revisionOf(answer);
  }
}

export class ChapterRevisions {
  constructor(videoId) {
    this.path = `/videos/${videoId}/chapters`;
  }

  /** {revision, edited, items} */
  load() {
    return api(this.path);
  }

  async history() {
    return (await api(`${this.path}/revisions`)).items;
  }

  save(items, edited) {
    return api(this.path, { method: "PUT", json: items, headers: { "If-Match": `"${edited}"` } });
  }

  /** The chapters that were found count again. */
  async giveUp(edited) {
    await api(this.path, { method: "DELETE", headers: { "If-Match": `"${edited}"` } });
    return this.load();
  }
}
