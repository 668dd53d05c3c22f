// What a page says, in the reader's language: Fluent messages (projectfluent.org), one folder a page in ../words, one file
// a language. English comes with the page and stands in for what a translation lacks; another language is loaded when
// it is asked for.
import { FluentBundle, FluentResource } from "@fluent/bundle";
import { negotiateLanguages } from "@fluent/langneg";
import pageEnglish from "../words/page/en.ftl";

export const LANGUAGES = { en: "English", de: "Deutsch" };
const CHOICE = "lectern.language"; // in localStorage: what somebody chose by hand
const PAGE = { de: () => import("../words/page/de.ftl") };

function chosen() {
  try {
    return localStorage.getItem(CHOICE);
  } catch {
    return null; // storage is switched off
  }
}

/** The language the page is in: by the address (?lang=de), by choice, or by the browser's settings. */
export const language = negotiateLanguages(
  [new URLSearchParams(location.search).get("lang"), chosen(), ...navigator.languages].filter(Boolean),
  Object.keys(LANGUAGES), { defaultLocale: "en", strategy: "lookup" })[0];

/** Remembers a language and opens the page again in it. */
export function chooseLanguage(code) {
  try {
    localStorage.setItem(CHOICE, code);
  } catch { /* then it holds for this page, by its address */ }
  const address = new URL(location.href);
  if (address.searchParams.has("lang") || chosen() !== code) address.searchParams.set("lang", code);
  location.assign(address);
}

/**
 * The page's own words beside those all pages share.
 * @param english the text of en.ftl
 * @param others language -> function that loads the text of its .ftl
 * @returns {Promise<(id: string, values?: object) => string>} a message that is nowhere is its own name, and is reported
 */
export async function wordsOf(english, others = {}) {
  const bundles = [bundleOf("en", pageEnglish, english)];
  if (language !== "en") {
    const texts = await Promise.all([PAGE, others].map(async (of) => (await of[language]?.())?.default ?? ""));
    bundles.unshift(bundleOf(language, ...texts));
  }
  return (id, values) => {
    for (const bundle of bundles) {
      const message = bundle.getMessage(id);
      if (message?.value) return bundle.formatPattern(message.value, values);
    }
    console.error(`no message "${id}"`);
    return id;
  };
}

function bundleOf(code, ...texts) {
  const bundle = new FluentBundle(code, { useIsolating: false });
  for (const text of texts) bundle.addResource(new FluentResource(text));
  return bundle;
}

const DATE = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
const DATE_TIME = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const NUMBER = new Intl.NumberFormat(language);
const PERCENT = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });

/** Of an RFC 3339 time. */
export const dateOf = (text) => DATE.format(new Date(text));
export const dateTimeOf = (text) => DATE_TIME.format(new Date(text));
export const numberOf = (value) => NUMBER.format(value);
/** Of a part of one. */
export const percentOf = (part) => PERCENT.format(part);
