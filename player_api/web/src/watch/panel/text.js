// The text of a transcript: its paragraphs, which word stands where, and which of them a search found. Pure.
// A sentence is {start_s, end_s, words: [[start_s, text]]}; the texts of its words together are the sentence.
const PAUSE_S = 2;
const LONG_S = 30;
const WORD = /[\p{L}\p{M}\p{N}]+(?:\+\+|#)?/gu;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

export const textOf = (sentence) => sentence.words.map(([, text]) => text).join("");

/** [[first, end)] of sentences: a new paragraph after a pause, or when it grows long. */
export function paragraphsOf(sentences) {
  const found = [];
  sentences.forEach((sentence, n) => {
    const last = found.at(-1);
    const before = sentences[n - 1];
    if (last && sentence.start_s - before.end_s < PAUSE_S && sentence.end_s - sentences[last[0]].start_s < LONG_S) last[1] = n + 1;
    else found.push([n, n + 1]);
  });
  return found;
}

/** The last of `list` that began by `time_s`; -1 before the first. */
export function lastBegun(list, time_s, begins_s) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (begins_s(list[middle]) <= time_s) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The word at this place in a sentence's text: {start_s, from, to}, the place of its letters. */
export function wordAt(sentence, offset) {
  let from = 0;
  for (const [start_s, text] of sentence.words) {
    const to = from + text.length;
    if (offset < to) return { start_s, from: from + text.length - text.trimStart().length, to };
    from = to;
  }
  return { start_s: sentence.words.at(-1)[0], from, to: from };
}

/** The word that is said at `time_s`, as `wordAt`. */
export function wordSaid(sentence, time_s) {
  const n = Math.max(0, lastBegun(sentence.words, time_s, ([start_s]) => start_s));
  return wordAt(sentence, sentence.words.slice(0, n).reduce((sum, [, text]) => sum + text.length, 0));
}

/** Where words of a search, in small letters, stand in a text: [[from, to]]. */
export function marksIn(text, wanted) {
  const marks = [...text.matchAll(WORD)].filter(([word]) => wanted.has(word.toLowerCase()))
    .map(({ 0: word, index }) => [index, index + word.length]);
  for (const pair of wanted) {
    if (!UNSPACED.test(pair)) continue;
    for (let at = text.indexOf(pair); at >= 0; at = text.indexOf(pair, at + pair.length)) marks.push([at, at + pair.length]);
  }
  return marks.sort(([a], [b]) => a - b);
}
