/**
 * Who is logged in, kept where a reload and the other tabs find it.
 *
 * localStorage is the only copy: a tab that kept one of its own would use a refresh token
 * that another tab has already rotated.
 */

const KEY = "yolk.session";
const LOCK = "yolk.refresh";
const LOCK_MS = 30_000;
const SPREAD_MS = 100;

export class Session {
  /** The stored login ({key, me, token, refresh_token}), or null. */
  read() {
    try {
      return JSON.parse(localStorage.getItem(KEY));
    } catch {
      return null;
    }
  }

  /** Keep the answer of register, login or refresh; a *key* says that it is the same login as before. */
  write({ token, refresh_token, id, username, nickname, avatar }, key = randomId()) {
    const session = { key, me: { id, username, nickname, avatar }, token, refresh_token };
    localStorage.setItem(KEY, JSON.stringify(session));
    return session;
  }

  /** Forget the login, unless another tab has put a newer one in its place. */
  clear(key) {
    if (this.read()?.key === key) localStorage.removeItem(KEY);
  }

  /** Call *listener* when another tab logged in or out (a rotated token is no such thing). */
  onChange(listener) {
    addEventListener("storage", (event) => {
      if (event.key !== KEY && event.key !== null) return;
      let before = null;
      try {
        before = JSON.parse(event.oldValue);
      } catch { /* it was not ours */ }
      if (before?.key !== this.read()?.key) listener();
    });
  }

  /**
   * Run *work* while no other tab does: a refresh token can be used once.
   *
   * *work* returns whether it wrote.
   */
  async alone(work) {
    // Tabs are processes, and each hears of the storage's changes a little later: the next tab
    // must not enter before it can see what this one wrote.
    const seen = async () => (await work()) && pause(SPREAD_MS);
    if (navigator.locks) return navigator.locks.request(LOCK, seen);
    // Only pages from https or localhost have navigator.locks. A note in the storage is the
    // next best thing: written, and still ours after the others had time to write theirs.
    const mine = randomId();
    const held = () => {
      const [owner, since] = (localStorage.getItem(LOCK) ?? " 0").split(" ");
      return Date.now() - Number(since) < LOCK_MS ? owner : "";
    };
    while (held() !== mine) {
      if (held() === "") localStorage.setItem(LOCK, `${mine} ${Date.now()}`);
      await pause(SPREAD_MS * (1 + Math.random()));
    }
    try {
      await seen();
    } finally {
      if (held() === mine) localStorage.removeItem(LOCK);
    }
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** 128 random bits in hex (crypto.randomUUID is missing on pages from plain http). */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
