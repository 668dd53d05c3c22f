// How one video is watched: /studio/videos/{id}/analytics. Everything comes of the public API, and is asked for again as soon
// as something more is counted.
import { html, render } from "lit-html";
import { api } from "../../page/api.js";
import { shell } from "../../page/shell.js";
import { dateTimeOf } from "../../page/words.js";
import { videoHead } from "../video_head.js";
import { Cohorts } from "./cohorts.js";
import { Comparison } from "./compare.js";
import { contentOf } from "./content.js";
import { correlation } from "./correlation.js";
import { RetentionCurve } from "./curve.js";
import { chapterTable, DropOffs } from "./drops.js";
import { exportButtons } from "./exports.js";
import { figures, meanings } from "./figures.js";
import { Learners } from "./learners.js";
import { LiveNow } from "./live_now.js";
import { Prediction } from "./prediction.js";
import { quality, since, USUAL_DAYS } from "./quality.js";
import { whileVisible } from "./refresh.js";
import { Side } from "./side.js";
import { t } from "./words.js";

const METRICS = ["summary", "retention", "rewatch", "dropoff", "completion", "chapters", "correlation"];
const main = document.querySelector("main[data-video-id]");
const at = `/videos/${main.dataset.videoId}`;

const view = { measured: null, live_summary: null, prediction: null, qoe: null, compared: undefined, days: USUAL_DAYS, problem: null };
let video, side, curve, drops, prediction, comparison, learners;
const live = new LiveNow();
const cohorts = new Cohorts(() => group().then(draw, show));
let counted; // as_of of what is shown

shell();
main.replaceChildren();
render(html`<p class="quiet">${t("loading")}</p>`, main);
await open().catch(show);

async function open() {
  video = await api(at);
  document.title = `${t("analytics")} · ${video.title} · Lectern`;
  const [content, { items }] = await Promise.all([contentOf(video), api("/videos?limit=200")]);
  side = new Side(video, content);
  curve = new RetentionCurve(side, content);
  drops = new DropOffs(side, content);
  prediction = new Prediction(side);
  comparison = new Comparison(video, items, () => compare().then(draw, show));
  learners = new Learners(`${at}/analytics/learners`, side, draw, show);
  // Where the server can tell; it is asked once, since it changes slowly.
  view.prediction = await api(`${at}/analytics/prediction`).catch(() => null);
  if (view.prediction?.data?.parts.length) prediction.set(view.prediction);
  await whileVisible(look, show);
}

/** One question, whether anything is new; all the others only if so. Of what is live all is new at every moment. */
async function look() {
  const [summary] = await Promise.all([api(`${at}/analytics/summary`), lookLive()]);
  const had_problem = view.problem !== null;
  view.problem = null;
  if (summary.suppressed?.code === "live" || live.answer?.on_air) {
    view.live_summary = summary;
    return draw();
  }
  if (view.live_summary) return location.reload(); // it has become a recording, with captions, slides and pictures
  if (view.measured && summary.as_of === counted) return had_problem && draw();
  counted = summary.as_of;
  const answers = await Promise.all(METRICS.slice(1).map((name) => api(`${at}/analytics/${name}`)));
  const measured = Object.fromEntries(METRICS.map((name, place) => [name, [summary, ...answers][place]]));
  await Promise.all([measure(), compare(), learners.load(), group(measured)]);
  view.measured = measured;
  if (measured.retention.data && measured.rewatch.data) curve.set(measured.retention, measured.rewatch);
  draw();
}

async function lookLive() {
  if ((video.status === "live" || view.live_summary) && live.answer?.on_air !== false) live.set(await api(`${at}/analytics/live`));
}

async function measure() {
  view.qoe = await api(`${at}/analytics/qoe${since(view.days)}`);
}

async function group(measured = view.measured) {
  view.cohorts = await api(`${at}/analytics/cohorts${cohorts.query}`);
  if (view.cohorts.data && measured.retention.data) cohorts.set(view.cohorts, measured.retention.data.retention);
}

async function compare() {
  view.compared = comparison.query && await api(`${at}/analytics/compare${comparison.query}`);
}

function show(problem) {
  view.problem = problem;
  draw();
}

function section(name, body) {
  return html`<section aria-labelledby="of-${name}" id="section-${name}"><h2 id="of-${name}">${t(name)}</h2>${body}</section>`;
}

function draw() {
  const { measured, problem } = view;
  render(html`
    ${video ? videoHead(video, "analytics") : html`<h1>${t("analytics")}</h1>`}
    ${problem ? html`<p class="notice bad" role="alert">${problem.message}</p>` : ""}
    ${video?.source.replaced_at ? broken(video.source) : ""}
    ${view.live_summary ? onAir(view.live_summary) : measured ? shown(measured) : ""}`, main);
}

/** While it is live, and until the recording is there. */
function onAir(summary) {
  return html`
    ${live.answer?.on_air === false ? html`<p class="notice" role="status">${t("live-over")}</p>` : html`<p class="quiet">${t("live-what")}</p>`}
    ${section("who-watches-now", html`${live.template}
      ${live.answer?.data ? exportButtons([{ name: t("metric-live"), path: `${at}/analytics/live` }], show) : ""}`)}
    ${meanings(summary.definition.version)}`;
}

/** What the counters are of, where the recording is not the first one. */
function broken({ replaced_at, earlier_video_id }) {
  return html`<p class="notice">${t(earlier_video_id ? "replaced-other" : "replaced", { time: dateTimeOf(replaced_at) })}
    ${earlier_video_id ? html`<a href="/studio/videos/${earlier_video_id}/analytics">${t("earlier")}</a>` : ""}</p>`;
}

function shown(measured) {
  const { summary } = measured;
  // What fewer than k did is held back by the API in all answers alike; a learner may be counted between two of them.
  const all = METRICS.every((name) => measured[name].data) && view.qoe.data && view.cohorts.data;
  const foretold = view.prediction?.data?.parts.length
    ? section("prediction", prediction.template(view.prediction)) : "";
  return html`
    <p class="small quiet as-of">${summary.as_of ? t("as-of", { time: dateTimeOf(summary.as_of) }) : t("nothing-counted")}</p>
    ${all ? html`
      <div class="beside"><section aria-labelledby="of-curve"><h2 id="of-curve">${t("curve")}</h2>${curve.template}</section> ${side.element}</div>
      ${section("figures", figures(measured))}
      ${section("dropoff", drops.template(measured.dropoff))}
      ${foretold}
      ${section("chapters", chapterTable(measured.chapters, side, video))}
      ${section("by-learner", learners.template)}
      ${section("cohorts", cohorts.template(view.cohorts))}
      ${section("compare", comparison.template(view.compared))}
      ${section("quality", quality(view.qoe, view.days, (days) => {
        view.days = days;
        measure().then(draw, show);
      }))}
      ${section("correlation", correlation(measured.correlation))}
      ${section("export", exportButtons(exported(), show))}`
    : html`<div class="empty">${tooFew(summary)}</div>
      ${foretold && html`<div class="beside">${foretold} ${side.element}</div>`}`}
    ${meanings(summary.definition.version)}`;
}

function tooFew({ as_of, suppressed }) {
  const { k } = suppressed ?? view.measured.retention.suppressed ?? { k: 1 };
  return html`<p><strong>${as_of ? t("too-few", { k }) : t("nobody-yet")}</strong></p>
    <p>${t("too-few-why", { k })}</p>
    ${video.playable ? html`<p><a href=${video.watch_url} target="_blank" rel="noopener">${t("share-it")}</a></p>` : ""}`;
}

function exported() {
  const lines = METRICS.map((name) => ({ name: t(`metric-${name}`), path: `${at}/analytics/${name}` }));
  lines.push({ name: t("metric-learners"), path: learners.query });
  lines.push({ name: t("metric-qoe"), path: `${at}/analytics/qoe${since(view.days)}` });
  if (cohorts.query) lines.push({ name: t("metric-cohorts"), path: `${at}/analytics/cohorts${cohorts.query}` });
  if (comparison.query) lines.push({ name: t("metric-compare"), path: `${at}/analytics/compare${comparison.query}` });
  if (view.prediction) lines.push({ name: t("metric-prediction"), path: `${at}/analytics/prediction` });
  return lines;
}
