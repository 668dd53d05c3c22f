// The keys of the caption editor. All need Alt or Ctrl (⌘ on a Mac), so that they work while somebody types; they go by
// the place of the key, so that they are the same where Alt makes another sign.
export const SHORTCUTS = [
  ["play", "Alt+K"], ["replay", "Alt+R"], ["next", "Alt+↓"], ["previous", "Alt+↑"], ["doubt", "Alt+U"], ["hint", "Alt+W"],
  ["split", "Alt+↵"], ["merge", "Alt+M"], ["start", "Alt+I"], ["end", "Alt+O"], ["add", "Alt+N"], ["remove", "Alt+⌫"],
  ["search", "Alt+H"], ["match", "Alt+G"], ["undo", "Ctrl+Z"], ["redo", "Ctrl+Shift+Z"], ["save", "Ctrl+S"],
];

/** What changes nothing. */
export const READING = new Set(["play", "replay", "next", "previous", "hint", "search", "match"]);

const WITH_ALT = {
  KeyK: "play", KeyR: "replay", ArrowDown: "next", ArrowUp: "previous", KeyU: "doubt", KeyW: "hint", Enter: "split",
  KeyM: "merge", KeyI: "start", KeyO: "end", KeyN: "add", Backspace: "remove", KeyH: "search", KeyG: "match",
};

/** @returns {string | undefined} the action that a key asks for. */
export function actionOf(event) {
  if (event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey) return WITH_ALT[event.code];
  if (event.altKey || !(event.ctrlKey || event.metaKey)) return undefined;
  const letter = event.key.toLowerCase(); // Z and Y change places between keyboards
  if (letter === "z") return event.shiftKey ? "redo" : "undo";
  if (event.shiftKey) return undefined;
  return { y: "redo", s: "save" }[letter];
}
