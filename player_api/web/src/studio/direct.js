// Sends a file straight to the object store: the API says where each part goes, the bytes never pass it. What has
// arrived is the store's word, so an upload goes on after a lost connection or a closed page (choose the same file again).
//
// Written here, because the protocol is three requests of our own API: a library for S3 (such as @uppy/aws-s3) brings its
// own states, queue and page elements, and would have to be taught all of it.
const PARALLEL = 3; // parts under way: enough to fill a line, few enough to hold little back when one fails
const ADDRESSES = 20; // asked for at once
const MARGIN_MS = 60_000; // an address that expires so soon is not used
const DELAYS_MS = [0, 1000, 3000, 5000, 10_000, 20_000, 30_000];
const GONE = "The upload was given up or has expired. Choose the file again.";
const STORED = "lectern.direct::";

// The server takes no direct uploads: send the file another way.
export class DirectUploadsOff extends Error {}

// A problem of the API; `message` is for the person who reads it.
export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

class Stopped extends Error {}

export class DirectUpload {
  // `endpoint` is /uploads/direct, `uploads` its parent; `onProgress(sent_bytes, total_bytes)`, `onSuccess(video)`,
  // `onError(error)`: DirectUploadsOff, Refused, or another Error when the server or the store can't be reached.
  constructor(file, { endpoint, headers, metadata, onProgress, onSuccess, onError }) {
    Object.assign(this, { file, endpoint, headers, metadata, onProgress, onSuccess, onError });
    this.uploads = endpoint.replace(/\/direct$/, "");
    this.remembered = STORED + [endpoint, file.name, file.size, file.lastModified, file.type].join("|");
    this.sent = new Map(); // part -> bytes, of parts that are here or under way
  }

  // Begin, or go on where it stopped.
  async start() {
    const stop = (this.stop = new AbortController());
    this.addresses = new Map();
    try {
      const video = await this.run(stop.signal);
      forget(this.remembered);
      this.onSuccess(video);
    } catch (error) {
      stop.abort(); // of what runs in parallel
      if (error instanceof Stopped || this.stop !== stop) return;
      if (error instanceof Refused && (error.status === 422 || error.status === 404)) this.restart();
      this.onError(error);
    }
  }

  // Stop sending; `start` goes on.
  abort() {
    const stop = this.stop;
    this.stop = undefined;
    stop?.abort();
  }

  // Give it up: the parts that have arrived are thrown away.
  async cancel() {
    this.abort();
    const known = this.upload?.upload_id ?? recall(this.remembered);
    this.restart();
    if (known) await fetch(`${this.uploads}/${known}/direct`, { method: "DELETE", headers: this.headers });
  }

  restart() {
    forget(this.remembered);
    this.upload = undefined;
    this.sent.clear();
  }

  async run(signal) {
    for (let round = 0; ; round++) {
      await this.open(signal);
      if (this.upload.state !== "finished") await this.sendAll(signal);
      this.onProgress(this.file.size, this.file.size);
      try {
        return await this.ask("POST", `/${this.upload.upload_id}/direct/complete`, {}, signal);
      } catch (error) {
        // A part that the store lost, or that arrived short: what is there is asked anew.
        const mendable = error instanceof Refused && ["parts_missing", "part_wrong_size"].includes(error.code);
        if (!mendable || round === 2) throw error;
      }
    }
  }

  // The upload as the server knows it: the one that was begun before, or a new one.
  async open(signal) {
    const known = this.upload?.upload_id ?? recall(this.remembered);
    if (known) {
      try {
        this.upload = await this.ask("GET", `/${known}/direct`, undefined, signal);
      } catch (error) {
        if (!(error instanceof Refused) || (error.status !== 404 && error.status !== 422)) throw error;
        this.restart(); // it expired, another key's organization has it, or it was refused before
      }
    }
    if (!this.upload) {
      const { filename, title } = this.metadata;
      const once = { "Idempotency-Key": Array.from(crypto.getRandomValues(new Uint32Array(4))).join("-") };
      const wanted = { file_name: filename, size_bytes: this.file.size, title };
      this.upload = await this.ask("POST", "/direct", wanted, signal, once);
      remember(this.remembered, this.upload.upload_id);
    }
    this.sent.clear();
    for (const { number, size_bytes } of this.upload.arrived) {
      if (size_bytes === this.slice(number).size) this.sent.set(number, size_bytes);
    }
    this.progress();
  }

  async sendAll(signal) {
    const numbers = Array.from({ length: this.upload.parts }, (_, i) => i + 1).filter((number) => !this.sent.has(number));
    const worker = async () => {
      for (let number; (number = numbers.shift()); ) await this.sendPart(number, numbers, signal);
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
  }

  async sendPart(number, following, signal) {
    for (let attempt = 0; ; attempt++) {
      try {
        const url = await this.address(number, following, signal);
        await this.put(url, this.slice(number), number, signal);
        return;
      } catch (error) {
        this.sent.delete(number);
        this.progress();
        if (signal.aborted) throw new Stopped();
        this.addresses.delete(number); // it may have expired: the next attempt has a new one
        if (error instanceof Refused || attempt === DELAYS_MS.length) throw error;
        await pause(DELAYS_MS[attempt] * (0.75 + Math.random() / 2), signal);
      }
    }
  }

  // Where to PUT a part; asks for the next ones, too.
  async address(number, following, signal) {
    const usable = this.addresses.get(number);
    if (usable && usable.until > Date.now()) return usable.url;
    if (!this.asking) {
      const numbers = [number, ...following.slice(0, ADDRESSES - 1)];
      this.asking = this.ask("POST", `/${this.upload.upload_id}/direct/parts`, { numbers }, signal)
        .then(({ parts, expires_in_s }) => {
          const until = Date.now() + Math.max(expires_in_s * 1000 - MARGIN_MS, expires_in_s * 500);
          for (const part of parts) this.addresses.set(part.number, { url: part.url, until });
        })
        .finally(() => (this.asking = undefined));
    }
    await this.asking;
    return this.address(number, following, signal); // another part's question may not have named this one
  }

  // XMLHttpRequest, because fetch tells nothing of a body's progress.
  put(url, body, number, signal) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const stop = () => request.abort();
      signal.addEventListener("abort", stop);
      request.open("PUT", url);
      request.upload.onprogress = ({ loaded }) => {
        this.sent.set(number, loaded);
        this.progress();
      };
      request.onload = () => {
        if (request.status === 404) return reject(new Refused(404, "upload_gone", GONE));
        if (request.status !== 200) return reject(new Error(`The object store answered ${request.status}.`));
        this.sent.set(number, body.size);
        this.progress();
        resolve();
      };
      request.onerror = request.onabort = () => reject(new Error("The object store can't be reached."));
      request.onloadend = () => signal.removeEventListener("abort", stop);
      request.send(body);
    });
  }

  slice(number) {
    const begin = (number - 1) * this.upload.part_bytes;
    return this.file.slice(begin, begin + this.upload.part_bytes); // without a type: the signature names no header
  }

  progress() {
    let sent = 0;
    for (const bytes of this.sent.values()) sent += bytes;
    this.onProgress(sent, this.file.size);
  }

  // A request to the API, tried again while it can't be reached or says "not now".
  async ask(method, path, body, signal, more) {
    for (let attempt = 0; ; attempt++) {
      let answer;
      try {
        answer = await fetch(this.uploads + path, {
          method, signal, headers: { ...this.headers, ...more, ...(body && { "Content-Type": "application/json" }) },
          body: body && JSON.stringify(body),
        });
        if (answer.ok) return await answer.json();
      } catch (error) {
        if (signal.aborted) throw new Stopped();
        if (attempt === DELAYS_MS.length) throw error;
      }
      const later = !answer || answer.ok || [408, 423, 429, 502, 503, 504].includes(answer.status);
      if (!later || attempt === DELAYS_MS.length) throw await refusal(answer);
      await pause(Math.max(DELAYS_MS[attempt], 500), signal);
    }
  }
}

async function refusal(answer) {
  const problem = await answer.json().catch(() => ({})); // some proxy's page is no problem+json
  if (problem.code === "direct_uploads_off") return new DirectUploadsOff();
  return new Refused(answer.status, problem.code, typeof problem.detail === "string" ? problem.detail : undefined);
}

function pause(time_ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, time_ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new Stopped());
    }, { once: true });
  });
}

// A browser may forbid storage; then an upload can't be taken up after the page was closed.
function recall(name) {
  try {
    return localStorage.getItem(name) ?? undefined;
  } catch {
    return undefined;
  }
}

function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // see above
  }
}

function forget(name) {
  try {
    localStorage.removeItem(name);
  } catch {
    // see above
  }
}
