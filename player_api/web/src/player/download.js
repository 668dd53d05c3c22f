// The link to the file. It may have to be made first: then the server says how far it is (202), and the link waits for it.
import { element } from "../page/dom.js";
import { t } from "./words.js";

const WAIT_MS = 2000;
const LONGEST_WAIT_MS = 30_000;

export function downloadLink(address) {
  const link = element("a", { href: address, download: true }, t("download"));
  const said = element("span", { role: "status" });
  let asking = false;

  async function get() {
    const answer = await fetch(address, { headers: { Range: "bytes=0-0" } });
    if (answer.status === 202) {
      const { progress } = await answer.json();
      said.textContent = ` ${t("download-progress", { percent: Math.floor(progress * 100) })}`;
      const wait_ms = Number(answer.headers.get("Retry-After")) * 1000 || WAIT_MS;
      await new Promise((resolve) => setTimeout(resolve, Math.min(wait_ms, LONGEST_WAIT_MS)));
      return get();
    }
    if (!answer.ok) throw new Error(answer.status);
    said.textContent = "";
    location.assign(address); // an attachment: the page stays
    return undefined;
  }

  link.addEventListener("click", async (event) => {
    event.preventDefault();
    if (asking) return;
    asking = true;
    try {
      await get();
    } catch {
      said.textContent = ` ${t("download-failed")}`;
    }
    asking = false;
  });
  return element("span", {}, link, said);
}
