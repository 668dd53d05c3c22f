// One file on its way to the server: straight to the object store where the server's storage takes that, else by tus.
// Either way it can be paused, and continues where it was after a lost connection or a closed browser (choose the same
// file again).
import { Upload } from "tus-js-client";
import { DirectUpload, DirectUploadsOff } from "./direct.js";
import { key } from "../page/key.js";

export class Sending {
  #direct;
  #tus;
  #upload;
  #run; // a token of what was started last; none: paused

  /**
   * @param {File} file
   * @param {{tus: string, direct?: string}} addresses of the API, for either way
   * @param {{onProgress: (sent_bytes: number, total_bytes: number) => void, onDone: (video: {id: string, watch_url: string})
   *   => void, onFault: (fault: {status: number, detail?: string}) => void}} told status 0: nobody can be reached
   */
  constructor(file, addresses, told) {
    Object.assign(this, { file, told });
    this.#direct = addresses.direct;
    this.#tus = addresses.tus;
  }

  /** Begin, or go on where it stopped. */
  async start() {
    const run = (this.#run = Symbol("run"));
    this.#upload ??= this.#direct ? this.#byParts() : await this.#byTus();
    if (this.#run !== run) return; // paused meanwhile
    const headers = authorization(); // another key may have been entered
    if (this.#upload.options) this.#upload.options.headers = headers;
    else this.#upload.headers = headers;
    this.#upload.start();
  }

  /** What the server calls the upload, once it was begun. */
  get uploadId() {
    return this.#upload instanceof DirectUpload ? this.#upload.upload.upload_id : this.#upload.url.split("/").pop();
  }

  pause() {
    this.#run = undefined;
    this.#upload?.abort();
  }

  /** Give it up; what has arrived is thrown away, now or, where nobody can be reached, when it expires. */
  async cancel() {
    this.pause();
    if (this.#upload instanceof DirectUpload) await this.#upload.cancel();
    else await this.#upload?.abort(true);
  }

  #common() {
    return {
      headers: authorization(),
      metadata: { filename: this.file.name, filetype: this.file.type, title: withoutEnding(this.file.name) },
      onProgress: this.told.onProgress,
    };
  }

  #byParts() {
    return new DirectUpload(this.file, {
      ...this.#common(),
      endpoint: this.#direct,
      onSuccess: this.told.onDone,
      onError: (error) => {
        if (!(error instanceof DirectUploadsOff)) return this.told.onFault(faultOf(error));
        this.#direct = undefined; // since the page was loaded the server's storage has become another
        this.#upload = undefined;
        if (this.#run) this.start();
      },
    });
  }

  async #byTus() {
    const video = {};
    const upload = new Upload(this.file, {
      ...this.#common(),
      endpoint: this.#tus,
      retryDelays: [0, 1000, 3000, 5000, 10_000, 20_000, 30_000],
      removeFingerprintOnSuccess: true,
      onAfterResponse: (_request, response) => {
        video.id = response.getHeader("Lectern-Video") ?? video.id; // told with the last bytes
        video.watch_url = response.getHeader("Lectern-Watch-Url") ?? video.watch_url;
      },
      onSuccess: () => this.told.onDone(video),
      onError: (error) => this.told.onFault(faultOf(error)),
    });
    const earlier = await upload.findPreviousUploads();
    if (earlier.length) upload.resumeFromPreviousUpload(earlier[0]);
    return upload;
  }
}

const authorization = () => ({ Authorization: `Bearer ${key()}` });
const withoutEnding = (name) => name.replace(/\.[^.]+$/, "");

function faultOf(error) {
  const answer = error.originalResponse;
  if (!answer) return { status: error.status ?? 0, detail: error.status ? error.message : undefined };
  return { status: answer.getStatus(), detail: detailOf(answer) };
}

function detailOf(answer) {
  try {
    const { detail } = JSON.parse(answer.getBody());
    return typeof detail === "string" ? detail : undefined;
  } catch {
    return undefined; // not problem+json: some proxy answered
  }
}
