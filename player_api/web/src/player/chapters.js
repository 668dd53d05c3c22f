// The chapters of a video, from WebVTT.
import { seconds } from "../page/dom.js";

const CUE = /^((?:\d+:)?\d+:\d+\.\d+) --> .*\n(.+)/gm;
const SIGNS = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** [{start_s, title}]; empty where there are none. `cache` as of fetch(). */
export async function fetchChapters(address, cache) {
  if (!address) return [];
  try {
    const answer = await fetch(address, { cache });
    if (!answer.ok) return [];
    return [...(await answer.text()).matchAll(CUE)].map(([, start, title]) => ({
      start_s: seconds(start), title: title.replace(/&(?:lt|gt|amp);/g, (sign) => SIGNS[sign]),
    }));
  } catch {
    return []; // the network is away: the video says so
  }
}
