// What the live pages say.
import { wordsOf } from "../../page/words.js";
import english from "../../words/live/en.ftl";

export const t = await wordsOf(english, { de: () => import("../../words/live/de.ftl") });
