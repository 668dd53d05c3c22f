// What the player says.
import english from "../words/player/en.ftl";
import { wordsOf } from "../page/words.js";

export const t = await wordsOf(english, { de: () => import("../words/player/de.ftl") });
