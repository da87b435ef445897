/**
 * Load the chats: at once if the user is logged in, else after the login card has been shown.
 *
 * `index.html` lists all their files in a template, so that they are fetched in parallel, not one after the other.
 * This module imports no other, so that it runs first: it reads from the client's storage whether there is a login.
 */

const WAIT_MS = 1_500;
const SESSION = "yolk.session";

let loading = null;
let endWait = null;

/** Return a promise of the module `chats.js`; it resolves when the module and its styles are loaded. */
export function loadChats({ atOnce }) {
  if (atOnce) endWait?.();
  loading ??= (atOnce ? Promise.resolve() : waitForCalm()).then(fetchAll);
  return loading;
}

async function fetchAll() {
  const links = document.getElementById("deferred").content.cloneNode(true);
  const styles = [...links.querySelectorAll("[rel=stylesheet]")].map(
    (link) => new Promise((resolve, reject) => Object.assign(link, { onload: resolve, onerror: reject })),
  );
  document.head.append(links);
  try {
    const [chats] = await Promise.all([import("./chats.js"), ...styles]);
    return chats;
  } catch (error) {
    loading = null; // so that the next call tries again
    throw error;
  }
}

/** Wait until the user begins to type or WAIT_MS have passed, so that the login card is shown first. */
function waitForCalm() {
  return new Promise((resolve) => {
    endWait = resolve;
    addEventListener("input", resolve, { once: true });
    setTimeout(resolve, WAIT_MS);
  });
}

function isLoginKept() {
  try {
    return localStorage.getItem(SESSION) !== null;
  } catch {
    return false;
  }
}

if (isLoginKept()) loadChats({ atOnce: true }).catch(() => {});
