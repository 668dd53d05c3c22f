// What is said, as text that goes along with the video: press a word to go there. A lecture of hours is a few hundred
// paragraphs, of which the browser lays out those that are in view.
import { clock, element } from "../../page/dom.js";
import { EDITION } from "../../player/edition.js";
import { askWhileItGrows } from "./ask.js";
import { follow } from "./follow.js";
import { letterAt, letters, paint } from "./paint.js";
import { lastBegun, marksIn, paragraphsOf, textOf, wordAt, wordSaid } from "./text.js";
import { saving } from "./saving.js";
import { t } from "./words.js";

/**
 * {pane, mark(words), around(hit)}.
 * @param {HTMLVideoElement} video
 * @param {string} base /play/{playback_id}
 * @param {(state: {there: boolean, growing: boolean}) => void} known what there is, each time that it is known
 */
export function transcript(video, base, known) {
  const note = element("p", { class: "quiet", role: "status" });
  const list = element("div", { class: "said", dir: "auto" });
  const scroller = element("div", { class: "scroller" }, note, list);
  const language = element("select", { "aria-label": t("spoken-language"), hidden: true });
  const keep = saving(() => paragraphs.map(({ text }) => text).join("\n\n"));
  const bar = element("div", { class: "row tools nothing" }, language, ...keep.buttons);
  const following = follow(scroller, () => nodes[current]);
  const pane = element("div", { class: "reading" }, bar, scroller, following.button);
  let sentences = [];
  let nodes = [];
  let paragraphs = []; // {text, node}
  let current = -1;
  let wanted = new Set();
  let marks = []; // {time_s} in the order of time
  let chosen = ""; // a language, by hand
  let stop = () => {};

  function open() {
    stop();
    stop = askWhileItGrows(`${base}/transcript.json${chosen ? `?language=${encodeURIComponent(chosen)}` : ""}`, show);
  }

  function show(found) {
    sentences = found?.sentences ?? [];
    list.lang = found?.language ?? "";
    const growing = found?.state === "running" || found?.state === "waiting";
    note.textContent = !found ? t("transcript-away") : growing ? t("transcript-waits") : sentences.length ? "" : t("no-transcript");
    note.hidden = !note.textContent;
    write();
    offer(found?.languages ?? [], found?.language);
    mark(wanted);
    current = -1;
    go();
    known({ there: sentences.length > 0, growing });
  }

  // Paragraphs that are as they were stay where they are, with what is selected in them, while the text grows.
  function write() {
    const before = paragraphs;
    nodes = [];
    paragraphs = paragraphsOf(sentences).map(([first, end], n) => {
      const own = sentences.slice(first, end);
      const text = own.map(textOf).join(" ");
      const same = before[n]?.text === text && before[n].first === first && before[n].start_s === own[0].start_s;
      const node = same ? before[n].node : paragraph(own, first);
      nodes.push(...node.querySelectorAll("[data-n]"));
      return { text, first, start_s: own[0].start_s, node };
    });
    list.replaceChildren(...paragraphs.map(({ node }) => node));
    reachable(0);
  }

  function paragraph(own, first) {
    const time = clock(own[0].start_s);
    const button = element("button", { type: "button", class: "plain time", "aria-label": t("go-to", { time }) }, time);
    button.addEventListener("click", () => seek(own[0].start_s));
    const texts = own.flatMap((sentence, i) => [element("span", { "data-n": first + i }, textOf(sentence)), " "]);
    return element("div", { class: "paragraph" }, button, element("p", {}, ...texts));
  }

  function offer(languages, shown) {
    bar.classList.toggle("nothing", !sentences.length);
    language.hidden = languages.length < 2;
    language.replaceChildren(...languages.map((one) => (
      element("option", { value: one.language, lang: one.language, selected: one.language === shown }, one.label))));
    keep.offer(languages.find((one) => one.language === shown)?.vtt_url, shown);
  }

  function seek(time_s) {
    video.currentTime = time_s;
    following.again();
  }

  function go() {
    const at = lastBegun(sentences, video.currentTime + 0.05, ({ start_s }) => start_s);
    if (at !== current) {
      nodes[current]?.removeAttribute("aria-current");
      nodes[at]?.setAttribute("aria-current", "true");
      current = at;
    }
    const word = at < 0 ? null : wordSaid(sentences[at], video.currentTime + 0.05);
    paint("lectern-word", word && word.from < word.to ? [letters(nodes[at], word.from, word.to)] : []);
    following.show(nodes[at]);
  }

  /** Marks these words (in small letters) wherever they stand. */
  function mark(words) {
    wanted = words;
    marks = words.size ? sentences.flatMap((sentence, n) => marksIn(textOf(sentence), words).map(([from, to]) => (
      { n, from, to, time_s: wordAt(sentence, from).start_s }))) : [];
    paint("lectern-hit", marks.map(({ n, from, to }) => letters(nodes[n], from, to)));
  }

  /** The second of the marked word in [start_s, end_s] that is nearest to at_s, if there is one. */
  function around({ start_s, end_s, at_s }) {
    const inside = marks.map(({ time_s }) => time_s).filter((time_s) => time_s >= start_s - 0.05 && time_s <= end_s + 0.05);
    return inside.sort((a, b) => Math.abs(a - at_s) - Math.abs(b - at_s))[0];
  }

  // The times are one stop of the Tab key, with arrows between them.
  function reachable(n) {
    paragraphs.forEach(({ node }, i) => (node.firstChild.tabIndex = i === n ? 0 : -1));
  }
  window.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const n = by ? paragraphs.findIndex(({ node }) => node.firstChild === event.target) : -1;
    if (n < 0) return;
    event.preventDefault();
    const to = Math.min(paragraphs.length - 1, Math.max(0, n + by));
    reachable(to);
    paragraphs[to].node.firstChild.focus();
  }, true);

  list.addEventListener("click", (event) => {
    const node = event.target.closest("[data-n]");
    if (!node || !getSelection().isCollapsed) return; // somebody selects it
    seek(wordAt(sentences[node.dataset.n], letterAt(node, event)).start_s);
  });
  language.addEventListener("change", () => {
    chosen = language.value;
    open();
  });
  video.addEventListener(EDITION, open);
  for (const name of ["timeupdate", "seeking"]) video.addEventListener(name, go);
  open();
  return { pane, mark, around, again: following.again, shown: () => following.show(nodes[current]) };
}
