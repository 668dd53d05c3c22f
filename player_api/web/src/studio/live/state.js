// How a stream or a session is, as a badge.
import { html } from "lit-html";
import { t } from "./words.js";

const LOOKS = { idle: "", waiting: "warn", live: "bad", interrupted: "warn", ended: "", failed: "bad" };

/** @param {"idle" | "waiting" | "live" | "interrupted" | "ended" | "failed"} state */
export const stateBadge = (state) => html`<span class="badge ${LOOKS[state]}">${t(`state-${state}`)}</span>`;
