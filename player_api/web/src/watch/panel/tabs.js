// Tabs as WAI-ARIA describes them: one stop of the Tab key, arrows go from one to the next.
import { element } from "../../page/dom.js";

/**
 * {bar, body, add(name, label, content), offer(name, is), select(name), chosen}: a tab is hidden until it is offered;
 * `chosen` as soon as somebody chose one by hand.
 */
export function tabs(label) {
  const bar = element("div", { class: "tabs", role: "tablist", "aria-label": label });
  const body = element("div", { class: "panes" });
  const all = [];
  const made = { bar, body, add, offer, select, chosen: false };

  function add(name, text, content) {
    const tab = element("button", {
      type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `pane-${name}`, "aria-selected": "false", tabindex: "-1",
      "data-text": text, hidden: true,
    }, text);
    const pane = element("div", { class: "pane", role: "tabpanel", id: `pane-${name}`, "aria-labelledby": tab.id, hidden: true },
      content);
    tab.addEventListener("click", () => choose(name));
    all.push({ name, tab, pane });
    bar.append(tab);
    body.append(pane);
    if (all.length === 1) select(name);
  }

  function offer(name, is) {
    const found = all.find((one) => one.name === name);
    if (found) found.tab.hidden = !is;
  }

  function select(name) {
    for (const one of all) {
      one.tab.setAttribute("aria-selected", String(one.name === name));
      one.tab.tabIndex = one.name === name ? 0 : -1;
      one.pane.hidden = one.name !== name;
    }
  }

  function choose(name) {
    made.chosen = true;
    select(name);
    bar.dispatchEvent(new Event("change"));
  }

  // On the window, as the page's own shortcuts take the arrows before they come down to an element.
  window.addEventListener("keydown", (event) => {
    const offered = all.filter(({ tab }) => !tab.hidden);
    const at = offered.findIndex(({ tab }) => tab === event.target);
    if (at < 0) return;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: offered.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const { name, tab } = offered[(to + offered.length) % offered.length];
    choose(name);
    tab.focus();
  }, true);
  return made;
}
