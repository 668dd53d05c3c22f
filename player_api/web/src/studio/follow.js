// What becomes of a video, told by the server (server-sent events). EventSource cannot send a key, so this reads them.
import { request } from "../page/api.js";

const AGAIN_MS = 2000;
const OVER = ["ready", "failed"];

/**
 * Tells of every change until nothing is left to do; goes on after a lost connection.
 * @param {(video: object | undefined) => void} onVideo undefined: it was deleted
 * @throws {Problem} when the server refuses to tell
 */
export async function follow(videoId, onVideo, signal) {
  for (;;) {
    try {
      const answer = await request(`/videos/${videoId}/events`, { signal });
      for await (const { name, data } of eventsOf(answer.body)) {
        if (name === "deleted") return onVideo(undefined);
        const video = JSON.parse(data);
        onVideo(video);
        if (OVER.includes(video.status)) return;
      }
    } catch (error) {
      if (error.name === "AbortError") return;
      if (error.status >= 400 && error.status < 500) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const whole = (text + value).split("\n\n");
    text = whole.pop();
    for (const event of whole) {
      const [, name] = /^event: (.*)$/m.exec(event) ?? [];
      const [, data] = /^data: (.*)$/m.exec(event) ?? [];
      if (name) yield { name, data };
    }
  }
}
