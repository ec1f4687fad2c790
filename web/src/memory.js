// What the browser remembers. Storage may be forbidden or full; then everything is kept for this page only.
export function createMemory(prefix, stores = ofDevice()) {
  const here = new Map();
  const full = (key) => `zhixun:${prefix}:${key}`;
  const pick = (key) => (key === 'draft' || key === 'outbox' ? stores.tab : stores.device);

  return {
    get(key) {
      try {
        const kept = pick(key).getItem(full(key));
        if (kept !== null) return JSON.parse(kept);
      } catch { /* Storage refused or a foreign value: the copy in memory is used. */ }
      return here.has(key) ? here.get(key) : null;
    },
    set(key, value) {
      const empty = value === null || value === undefined || value === '';
      if (empty) here.delete(key);
      else here.set(key, value);
      try {
        if (empty) pick(key).removeItem(full(key));
        else pick(key).setItem(full(key), JSON.stringify(value));
      } catch { /* The copy in memory is enough. */ }
    },
  };
}

// A draft and unsent words belong to this tab; the session and the print size belong to the device.
const ofDevice = () => ({ device: reach('localStorage'), tab: reach('sessionStorage') });

// What is kept on another site's page is kept under that site's name: nothing stays there when the tab is closed.
export const ofTab = () => ({ device: reach('sessionStorage'), tab: reach('sessionStorage') });

function reach(name) {
  try { return globalThis[name]; } catch { return undefined; }
}
