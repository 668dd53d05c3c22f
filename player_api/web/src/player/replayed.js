// What is most replayed: a curve over the time bar. The server sends none before enough learners have watched, and none
// where nothing stands out.
import { forEachEdition } from "./edition.js";

const NS = "http://www.w3.org/2000/svg";

/** The curve as soon as it is known; hidden until then, and for good where there is none. */
export function replayedCurve(video, address) {
  const svg = document.createElementNS(NS, "svg");
  const path = document.createElementNS(NS, "path");
  svg.setAttribute("class", "replayed");
  svg.setAttribute("viewBox", "0 0 1 1");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  svg.setAttribute("hidden", "");
  forEachEdition(video, async (cache) => {
    const heights = await fetchCurve(address, cache);
    if (heights.length) path.setAttribute("d", outline(heights));
    svg.toggleAttribute("hidden", !heights.length);
  });
  return svg;
}

async function fetchCurve(address, cache) {
  if (!address) return [];
  try {
    const answer = await fetch(address, { cache });
    return answer.ok ? (await answer.json()).heights : [];
  } catch {
    return []; // the network is away: the bar does without
  }
}

// A slice is drawn by its middle; between the middles the line is bent, so that it does not look like stairs.
function outline(heights) {
  const width = 1 / heights.length;
  const points = heights.map((height, n) => [(n + 0.5) * width, 1 - height]);
  const bent = points.slice(1).map(([x, y], n) => {
    const [from_x, from_y] = points[n];
    const middle = (from_x + x) / 2;
    return `C${middle} ${from_y} ${middle} ${y} ${x} ${y}`;
  });
  return `M0 1V${points[0][1]}L${points[0].join(" ")}${bent.join("")}L1 ${points.at(-1)[1]}V1Z`;
}
