// What the panel says.
import english from "../../words/watch/en.ftl";
import { wordsOf } from "../../page/words.js";

export const t = await wordsOf(english, { de: () => import("../../words/watch/de.ftl") });
