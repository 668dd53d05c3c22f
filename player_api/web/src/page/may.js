// What the key of this tab may do. Where it may only read, <html> has the attribute data-reads-only, and what has the class
// "edits" is not there: a button whose every press is refused helps nobody.
import { api } from "./api.js";
import { key, remembered } from "./key.js";

const EDITORS = ["creator", "admin"];
const known = remembered("lectern.scopes"); // of this key, from the page before: so that nothing moves

mark(known.get());
/** Resolves to whether this key may change videos; of a server that does not answer, to what was known. */
export const mayEdit = api("/key").then(({ scopes }) => {
  known.set(scopes);
  return mark(scopes);
}, () => !readsOnly());

export const readsOnly = () => document.documentElement.hasAttribute("data-reads-only");

function mark(scopes) {
  const edits = !scopes || scopes.some((one) => EDITORS.includes(one));
  document.documentElement.toggleAttribute("data-reads-only", Boolean(key()) && !edits);
  return edits;
}
