// Asks again every few seconds, while somebody looks.
const EVERY_MS = 2000;

/** @param look async; called now and then on. What it throws goes to `failed`; it is called again all the same. */
export function whileVisible(look, failed) {
  let timer;
  const again = async () => {
    clearTimeout(timer);
    try {
      await look();
    } catch (error) {
      failed(error);
    }
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(again, EVERY_MS);
  };
  document.addEventListener("visibilitychange", () => !document.hidden && again());
  return again();
}
