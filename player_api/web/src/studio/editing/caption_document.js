// The captions that are edited: loaded, changed step by step, kept as a draft, and saved as a revision.
import { read, srt, Unreadable, vtt } from "./caption_files.js";
import { Doubts } from "./doubts.js";
import { Draft } from "./drafts.js";
import { unlessChanged } from "./revisions.js";
import { Steps } from "./steps.js";

export const baseOf = (tag) => tag?.split("-")[0].toLowerCase();

export class CaptionDocument {
  #made;
  #heard;
  #revisions;
  #state;
  #t;
  #draw;
  #draft;
  #saved; // the cues of the newest revision that is known

  /**
   * @param made the video, `heard` its transcript, as the API shows them; `listed` the languages that there are
   * @param {object} state of the page: language, revision, selected, playing, notice, conflict, saving, said, history
   * @param {() => void} draw shows the page anew
   */
  constructor(made, heard, listed, revisions, state, t, draw) {
    [this.#made, this.#heard, this.#revisions, this.#state, this.#t, this.#draw] = [made, heard, revisions, state, t, draw];
    this.listed = listed;
    this.doubts = new Doubts();
    this.steps = new Steps([]);
    this.#saved = this.steps.now;
  }

  get cues() {
    return this.steps.now;
  }

  get dirty() {
    return this.cues !== this.#saved;
  }

  /** @param begin cues to start with in a language that has none */
  async open(language, begin) {
    const line = this.listed.find((one) => one.language === language);
    const found = line ? await this.#revisions.load(language) : await this.#revisions.none(language);
    this.#draft?.flush();
    this.#draft = new Draft(`captions.${this.#made.id}.${language}`);
    const own = baseOf(language) === baseOf(this.#heard.language) && !line?.translated_from;
    this.doubts = new Doubts(own ? this.#heard.words : []);
    this.steps = new Steps(found.cues);
    this.#saved = found.cues;
    Object.assign(this.#state, { language, revision: found.revision, selected: undefined, playing: -1, conflict: false, history: undefined });
    const left = this.#draft.read();
    this.#state.notice = left && vtt(left.content) !== vtt(found.cues)
      ? { kind: "draft", at_ms: left.at_ms, act: () => this.#restoreDraft(left), drop: () => this.#dropDraft() } : undefined;
    if (begin?.length && !found.cues.length) this.change(begin);
    const address = new URL(location.href);
    address.searchParams.set("language", language);
    history.replaceState(null, "", address);
    this.#draw();
  }

  #restoreDraft(left) {
    this.#state.notice = undefined;
    this.#state.revision = left.revision; // if somebody saved since, the server will say so
    this.change(read(vtt(left.content)));
  }

  #dropDraft() {
    this.#draft.drop();
    this.#state.notice = undefined;
    this.#draw();
  }

  /** A step that can be undone. Changes of the same `kind` one after the other are one. */
  change(cues, kind) {
    if (cues === this.cues) return;
    this.steps.set(cues, kind);
    this.#draft.keep(this.#state.revision, cues);
    this.#state.said = "";
    this.#draw();
  }

  /** The draft is what `undo` or `redo` led to. */
  keepStep() {
    if (this.dirty) this.#draft.keep(this.#state.revision, this.cues);
    else this.#draft.drop();
  }

  /** @param over whatever somebody else has saved meanwhile */
  async save(over) {
    const state = this.#state;
    if (state.saving || (!this.dirty && !over)) return;
    const { cues } = this;
    state.saving = true;
    this.#draw();
    try {
      const edited = over ? (await this.#revisions.load(state.language)).revision : state.revision;
      const revision = await unlessChanged(() => this.#revisions.save(state.language, cues, edited));
      if (revision === undefined) {
        state.conflict = true;
        this.#draft.keep(state.revision, cues);
        this.#draft.flush();
      } else {
        this.#saved = cues;
        Object.assign(state, { revision, conflict: false, notice: undefined, said: this.#t("saved-as", { revision }), history: undefined });
        this.keepStep();
        this.listed = await this.#revisions.languages();
      }
    } catch (error) {
      state.notice = { kind: "bad", text: error.message };
    } finally {
      state.saving = false;
      this.#draw();
    }
  }

  async takeTheirs() {
    const theirs = await this.#revisions.load(this.#state.language);
    Object.assign(this.#state, { revision: theirs.revision, conflict: false });
    this.change(theirs.cues); // undo brings one's own back
    this.#saved = theirs.cues;
    this.#say("theirs-shown");
  }

  async showHistory() {
    this.#state.history = await this.#revisions.history(this.#state.language);
    this.#draw();
  }

  async restore(revision) {
    this.change((await this.#revisions.load(this.#state.language, revision)).cues);
    this.#say("restored", { revision });
  }

  async importFile(file) {
    try {
      const cues = read(await file.text());
      this.change(cues);
      this.#state.notice = undefined;
      this.#say("imported", { count: cues.length });
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.#state.notice = { kind: "bad", text: this.#t("unreadable", { line: error.line }) };
      this.#draw();
    }
  }

  exportFile(form) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([form === "vtt" ? vtt(this.cues) : srt(this.cues)], { type: "text/plain" }));
    link.download = `${this.#made.title || "captions"}.${this.#state.language}.${form}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  #say(message, values) {
    this.#state.said = this.#t(message, values);
    this.#draw();
  }
}
