// The upload page. The server gives <main data-upload-url>, and data-direct-url where its storage takes uploads from
// the browser; this makes the rest. Either way (direct, or tus) an upload can be paused, and continues where it was
// after a lost connection or a closed browser (choose the same file again).
import { Upload } from "tus-js-client";
import { DirectUpload, DirectUploadsOff } from "./direct.js";
import { element } from "./dom.js";
import { STUDIO_KEY as KEY } from "./memory.js";

const main = document.querySelector("main[data-upload-url]");
const key = element("input", { type: "password", autocomplete: "off", required: true, spellcheck: "false" });
const file = element("input", { type: "file", accept: "video/*,audio/*,.mkv,.mov,.mp4,.webm,.avi,.ts,.m4v,.m4a,.mp3,.opus,.flac" });
const drop = element("label", { class: "drop" }, element("strong", {}, "Drop a video here"), "or choose a file", file);
const title = element("input", { type: "text", maxlength: "200" });
const progress = element("progress", { max: 1, value: 0, "aria-label": "Upload", hidden: true });
const status = element("p", { class: "hint", role: "status" });
const problem = element("div", { class: "notice", role: "alert", hidden: true });
const toggle = element("button", { type: "button", hidden: true }, "Pause");
const result = element("p", { hidden: true });

if (!main.querySelector("h1")) main.prepend(element("h1", {}, "Upload a video"));
main.append(
  element("label", { class: "field" }, "API key", key),
  element("label", { class: "field" }, "Title (the file's name if left empty)", title),
  drop, progress, status, problem, element("div", { class: "bar" }, toggle), result);

key.value = sessionStorage.getItem(KEY) ?? "";
key.addEventListener("change", () => sessionStorage.setItem(KEY, key.value.trim()));

let direct = main.dataset.directUrl;
let upload; // the one under way
let running = false;
let watchUrl; // told with the last bytes

file.addEventListener("change", () => file.files[0] && begin(file.files[0]));
drop.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files[0]) begin(event.dataTransfer.files[0]);
});
addEventListener("beforeunload", (event) => running && event.preventDefault());

async function begin(chosen) {
  file.value = ""; // so that choosing the same file again counts as a choice
  if (running) return fail("One upload is under way. Wait for it, or pause it first.");
  if (!key.reportValidity()) return;
  sessionStorage.setItem(KEY, key.value.trim());
  result.hidden = true;
  watchUrl = undefined;
  const how = {
    headers: { Authorization: `Bearer ${key.value.trim()}` },
    metadata: { filename: chosen.name, filetype: chosen.type, title: title.value.trim() || withoutEnding(chosen.name) },
    onProgress: show,
  };
  upload = direct ? byParts(chosen, how) : await byTus(chosen, how);
  go();
}

function byParts(chosen, how) {
  return new DirectUpload(chosen, {
    ...how,
    endpoint: direct,
    onSuccess: (video) => {
      watchUrl = video.watch_url;
      ended();
    },
    onError: async (error) => {
      if (!(error instanceof DirectUploadsOff)) return broken(error);
      direct = undefined; // since the page was loaded the server's storage has become another
      const other = await byTus(chosen, how);
      if (!running) return;
      upload = other;
      upload.start();
    },
  });
}

async function byTus(chosen, how) {
  const tus = new Upload(chosen, {
    ...how,
    endpoint: main.dataset.uploadUrl,
    retryDelays: [0, 1000, 3000, 5000, 10_000, 20_000, 30_000],
    removeFingerprintOnSuccess: true,
    onAfterResponse: (_request, response) => (watchUrl = response.getHeader("Lectern-Watch-Url") ?? watchUrl),
    onSuccess: ended,
    onError: broken,
  });
  const earlier = await tus.findPreviousUploads();
  if (earlier.length) tus.resumeFromPreviousUpload(earlier[0]);
  return tus;
}

function ended() {
  state(false, false);
  finish();
}

function broken(error) {
  state(false, true);
  fail(reason(error));
}

function go() {
  problem.hidden = true;
  progress.hidden = false;
  state(true, true);
  upload.start();
}

toggle.addEventListener("click", () => {
  if (!running) return go();
  state(false, true);
  upload.abort();
});

function state(is_running, can_go_on) {
  running = is_running;
  toggle.hidden = !can_go_on;
  toggle.textContent = is_running ? "Pause" : "Continue";
}

function show(sent_bytes, total_bytes) {
  const part = total_bytes ? sent_bytes / total_bytes : 1;
  progress.value = part;
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  status.textContent = `${megabytes(sent_bytes)} of ${megabytes(total_bytes)} MB (${Math.floor(part * 100)} %)`;
}

function finish() {
  status.textContent = "Uploaded.";
  if (!watchUrl) return;
  result.hidden = false;
  result.replaceChildren(element("a", { href: watchUrl }, "Watch it"), " (it plays from now on, while it is being prepared)");
}

function fail(text) {
  problem.textContent = text;
  problem.hidden = false;
}

function reason(error) {
  const status = error.status ?? error.originalResponse?.getStatus();
  if (!status) return "The server can't be reached. Continue goes on where the upload stopped.";
  const detail = error.originalResponse ? detailOf(error.originalResponse) : error.message;
  if (detail) return detail;
  if (status === 401 || status === 403) return "The API key is not valid for uploading.";
  return `The server answered ${status}.`;
}

function detailOf(answer) {
  try {
    const { detail } = JSON.parse(answer.getBody());
    return typeof detail === "string" ? detail : undefined;
  } catch {
    return undefined; // not problem+json: some proxy answered
  }
}

function withoutEnding(name) {
  return name.replace(/\.[^.]+$/, "");
}
