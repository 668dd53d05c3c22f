// One line in: a list of looks at a media element. One line out: the events that player_api/web/src/player/rendered.js makes of them.
import { createInterface } from "node:readline";
import { begin, step } from "../../../player_api/web/src/player/rendered.js";

for await (const line of createInterface({ input: process.stdin })) {
  let state = begin();
  const events = [];
  for (const look of JSON.parse(line)) {
    const [next, more] = step(state, look);
    state = next;
    events.push(...more);
  }
  console.log(JSON.stringify(events));
}
