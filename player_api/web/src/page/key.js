// The API key of whoever works in the studio: for this tab only, since a key is a password. A link may bring it behind
// the # (which no server ever sees); it is taken out of the address at once.
const KEY = "lectern.key";

function storage() {
  try {
    return sessionStorage;
  } catch {
    return { getItem: () => null, setItem() {}, removeItem() {} }; // switched off
  }
}

const brought = /[#&]key=([^&]+)/.exec(location.hash)?.[1];
if (brought) {
  storage().setItem(KEY, decodeURIComponent(brought));
  history.replaceState(null, "", location.pathname + location.search);
}

let current = storage().getItem(KEY) ?? "";

export const key = () => current;

export function setKey(text) {
  current = text.trim();
  if (current) storage().setItem(KEY, current);
  else storage().removeItem(KEY);
}

/** Something that is known of the key, for as long as it is this one: {get(): unknown, set(value)}. */
export function remembered(name) {
  return {
    get() {
      const { of, value } = JSON.parse(storage().getItem(name) ?? "{}");
      return of === current ? value : undefined;
    },
    set: (value) => storage().setItem(name, JSON.stringify({ of: current, value })),
  };
}

/** A tab with an API key belongs to somebody who makes videos: what they look at in it is no viewing. */
export const isStaff = () => Boolean(storage().getItem(KEY));
