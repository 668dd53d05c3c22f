// A list of chapters, and what the server will not take. Lists are never changed in place.
export const MOST = 200;
const MOST_CHARACTERS = 200;

let made = 0;
export const chapter = (start_s, title) => Object.freeze({ id: (made += 1), start_s, title });

/** The chapter begins elsewhere, and finds its place among the others. */
export const moved = (chapters, id, start_s) => chapters
  .map((one) => (one.id === id ? Object.freeze({ ...one, start_s }) : one))
  .sort((a, b) => a.start_s - b.start_s);

export const toSend = (chapters) => chapters.map(({ start_s, title }) => ({ start_s, title: title.trim() }));

/** @returns {({rule: string, field: "time" | "title", value?: number} | undefined)[]} what is wrong with each, if anything */
export function wrongs(chapters, duration_s) {
  return chapters.map(({ start_s, title }, index) => {
    if (index === 0 && start_s !== 0) return { rule: "not-at-zero", field: "time" };
    if (index > 0 && start_s <= chapters[index - 1].start_s) return { rule: "same-time", field: "time" };
    if (duration_s && start_s >= duration_s) return { rule: "late", field: "time" };
    if (!title.trim()) return { rule: "no-title", field: "title" };
    const { length } = [...title.trim()];
    return length > MOST_CHARACTERS ? { rule: "long-title", field: "title", value: length } : undefined;
  });
}
