// The public HTTP API (docs/openapi.json), as the pages use it: whatever they can do, it can do.
import { key, setKey } from "./key.js";
import { signIn } from "./sign_in.js";
import { wordsOf } from "./words.js";

const t = await wordsOf("");

/** What went wrong, in a sentence for people. `code` is the API's, `status` 0 where no server answered. */
export class Problem extends Error {
  constructor(message, { status = 0, code = "", body = {} } = {}) {
    super(message);
    Object.assign(this, { status, code, body });
  }
}

/**
 * One request. A key that is missing or wrong is asked for, once a page, and the request made again.
 * @param path below /api/v1, or a whole address
 * @param {{method?: string, json?: unknown, body?: BodyInit, headers?: object, signal?: AbortSignal}} how
 * @returns {Promise<Response>} with a status below 400
 * @throws {Problem}
 */
export async function request(path, { json, headers = {}, ...how } = {}) {
  const init = { ...how, headers: { ...headers } };
  if (json !== undefined) {
    init.method ??= "POST";
    init.body = JSON.stringify(json);
    init.headers["Content-Type"] = "application/json";
  }
  for (;;) {
    if (!key()) await signIn();
    const used = key();
    const answer = await send(path, { ...init, headers: { ...init.headers, Authorization: `Bearer ${used}` } });
    if (answer.ok || answer.status === 304) return answer;
    const body = await answer.json().catch(() => ({})); // not problem+json: some proxy answered
    if (answer.status === 401) {
      if (used === key()) setKey(""); // unless somebody signed in meanwhile
      await signIn(t("sign-in-wrong"));
      continue;
    }
    const detail = typeof body.detail === "string" ? body.detail : undefined;
    const sentence = detail ?? (answer.status === 403 ? t("sign-in-scope") : t("answered", { status: answer.status }));
    throw new Problem(sentence, { status: answer.status, code: body.code, body });
  }
}

/** The JSON of an answer; `undefined` of an empty one. */
export async function api(path, how) {
  const answer = await request(path, how);
  const text = await answer.text();
  return text ? JSON.parse(text) : undefined;
}

async function send(path, init) {
  try {
    return await fetch(path.startsWith("/") && !path.startsWith("/api/") ? `/api/v1${path}` : path, init);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(t("unreachable"));
  }
}
