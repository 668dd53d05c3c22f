// What the pages of analytics say, and how they write numbers.
import { numberOf, percentOf, wordsOf } from "../../page/words.js";
import english from "../../words/analytics/en.ftl";

export const t = await wordsOf(english, { de: () => import("../../words/analytics/de.ftl") });

const NOTHING = "–";
const rounded = (value, digits) => numberOf(Number(value.toFixed(digits)));

/** Of a part of one; null is a dash, since it is not zero. */
export const share = (part) => (part === null || part === undefined ? NOTHING : percentOf(part));
export const count = (value, digits = 0) => (value === null || value === undefined ? NOTHING : rounded(value, digits));

/** "47 s", "12 min", "3.5 h". */
export function span(length_s) {
  if (length_s === null || length_s === undefined) return NOTHING;
  if (length_s < 100) return t("seconds", { n: rounded(length_s, length_s < 10 ? 1 : 0) });
  if (length_s < 6000) return t("minutes", { n: rounded(length_s / 60, 1) });
  return t("hours", { n: rounded(length_s / 3600, 1) });
}

/** "18 % to 45 %" of an interval of shares. */
export const interval = (low, high) => (low === null || low === undefined ? "" : t("interval", { low: share(low), high: share(high) }));

const SIGNED = { signDisplay: "exceptZero" };

/** "+12 %" of a difference of shares, "+3" of one of counts; a dash of one that is not known. */
export function difference(value, isShare, digits = 0) {
  if (value === null || value === undefined) return NOTHING;
  const shown = isShare ? { ...SIGNED, style: "percent", maximumFractionDigits: 0 } : { ...SIGNED, maximumFractionDigits: digits };
  return new Intl.NumberFormat(document.documentElement.lang, shown).format(value);
}
