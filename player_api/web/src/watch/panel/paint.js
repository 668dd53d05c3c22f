// Marks ranges of text without touching it (CSS Custom Highlight): thousands of words in a millisecond, and what a reader
// has selected stays selected. A browser that lacks it shows no marks; the list of hits has them all the same.

/** Shows these in place of those before; `name` is that of a ::highlight() in watch.css. */
export function paint(name, ranges) {
  if (!globalThis.CSS?.highlights) return;
  if (ranges.length) CSS.highlights.set(name, new Highlight(...ranges));
  else CSS.highlights.delete(name);
}

/** Letters [from, to) of an element that holds nothing but text. */
export function letters(node, from, to) {
  const range = new Range();
  range.setStart(node.firstChild, from);
  range.setEnd(node.firstChild, to);
  return range;
}

/** At which letter of an element that holds nothing but text a pointer is; 0 where the browser does not tell. */
export function letterAt(node, { clientX, clientY }) {
  const place = document.caretPositionFromPoint?.(clientX, clientY);
  if (place) return place.offsetNode === node.firstChild ? place.offset : 0;
  const range = document.caretRangeFromPoint?.(clientX, clientY);
  return range?.startContainer === node.firstChild ? range.startOffset : 0;
}
