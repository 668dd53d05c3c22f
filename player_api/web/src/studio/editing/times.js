// Times as people write them: 1:02.500, with hours where there are any.

/** @param {number} time_s @returns {string} such as 1:02.500 */
export function stamp(time_s) {
  const ms = Math.max(0, Math.round(time_s * 1000));
  const [hours, minutes, seconds] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1000) % 60];
  const tail = `${String(minutes).padStart(hours ? 2 : 1, "0")}:${String(seconds).padStart(2, "0")}`;
  return `${hours ? `${hours}:` : ""}${tail}.${String(ms % 1000).padStart(3, "0")}`;
}

/** @returns {number} seconds; NaN where the text is no time. A comma will do for the point. */
export function readStamp(text) {
  const found = /^\s*(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d{0,3})?)\s*$/.exec(text);
  if (!found) return NaN;
  const [, hours = 0, minutes = 0, seconds] = found;
  return Math.round((hours * 3600 + minutes * 60 + Number(seconds.replace(",", "."))) * 1000) / 1000;
}
