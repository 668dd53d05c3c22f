// Copy or download the text of the transcript.
import { element } from "../../page/dom.js";
import { t } from "./words.js";

const SAID_FOR_MS = 2500;

/** {buttons, offer(vtt_url, language)}; `text` gives what is copied. */
export function saving(text) {
  const copy = element("button", { type: "button" }, t("copy"));
  const vtt = element("a", { hidden: true, "aria-label": t("download-vtt") }, "VTT");
  const txt = element("a", { href: "#", "aria-label": t("download-txt") }, "TXT");
  const said = element("span", { class: "unseen", role: "status" });

  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      copy.textContent = t("copied");
    } catch {
      copy.textContent = t("copy-failed");
    }
    said.textContent = copy.textContent;
    setTimeout(() => (copy.textContent = t("copy")), SAID_FOR_MS);
  });
  // Made when it is asked for: a link must have an address when it is pressed, and not sooner.
  txt.addEventListener("click", () => {
    const address = URL.createObjectURL(new Blob([`${text()}\n`], { type: "text/plain" }));
    txt.href = address;
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  });

  function offer(address, language) {
    vtt.hidden = !address;
    if (address) vtt.href = address;
    vtt.download = `${language ?? "transcript"}.vtt`;
    txt.download = `${language ?? "transcript"}.txt`;
  }
  return { buttons: [copy, vtt, txt, said], offer };
}
