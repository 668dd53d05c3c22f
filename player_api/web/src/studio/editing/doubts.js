// Words of which the speech model was not sure, found again in the cues. A word that somebody corrected is in doubt no
// more: only what is still written as it was heard is marked.
const NEAR_S = 0.3; // a cue may begin a little before or end a little after its words

export class Doubts {
  /** @param words of the transcript: {text, start_s, end_s, unsure} */
  constructor(words = []) {
    this.words = words.filter((word) => word.unsure && bare(word.text)).sort((a, b) => a.start_s - b.start_s);
    this.known = new WeakMap();
  }

  /** @returns {{from: number, to: number}[]} places in the text of a cue, in order. */
  in(cue) {
    if (!this.known.has(cue)) this.known.set(cue, this.#look(cue));
    return this.known.get(cue);
  }

  #look(cue) {
    const found = [];
    const tokens = [...cue.text.matchAll(/[^\s]+/gu)].map((match) => ({ text: bare(match[0]), from: match.index, to: match.index + match[0].length }));
    let at = this.#first(cue.start_s - NEAR_S);
    for (; at < this.words.length && this.words[at].start_s < cue.end_s; at += 1) {
      const middle_s = (this.words[at].start_s + this.words[at].end_s) / 2;
      if (middle_s < cue.start_s - NEAR_S || middle_s > cue.end_s + NEAR_S) continue;
      const token = tokens.find((one) => !one.taken && one.text === bare(this.words[at].text));
      if (!token) continue;
      token.taken = true;
      found.push({ from: token.from, to: token.to });
    }
    return found.sort((a, b) => a.from - b.from);
  }

  #first(time_s) {
    let [low, high] = [0, this.words.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.words[middle].start_s < time_s) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const bare = (text) => text.toLowerCase().replace(/<[^>]*>/g, "").replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "");
