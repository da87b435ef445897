/**
 * What the entrance does not need is fetched when that is on the screen, or at once by who is logged in.
 *
 * `index.html` names all of it in a template, so that it comes side by side and not one after the other.
 * This module waits for no other: whether somebody is logged in, it sees in what the client keeps.
 */

const CALM_MS = 1_500;
const SESSION = "yolk.session";

let fetching = null;
let hurry = null; // ends the wait

/** The module `inside.js`, once it and its styles are there. */
export function fetchInside({ atOnce }) {
  if (atOnce) hurry?.();
  fetching ??= (atOnce ? Promise.resolve() : calm()).then(fetchAll);
  return fetching;
}

async function fetchAll() {
  const links = document.getElementById("later").content.cloneNode(true);
  const styles = [...links.querySelectorAll("[rel=stylesheet]")].map(
    (link) => new Promise((resolve, reject) => Object.assign(link, { onload: resolve, onerror: reject })),
  );
  document.head.append(links);
  try {
    const [inside] = await Promise.all([import("./inside.js"), ...styles]);
    return inside;
  } catch (error) {
    fetching = null; // the connection was lost: reload tries again
    throw error;
  }
}

/** Wait until somebody begins to type, or a moment has passed: the entrance comes first. */
function calm() {
  return new Promise((resolve) => {
    hurry = resolve;
    addEventListener("input", resolve, { once: true });
    setTimeout(resolve, CALM_MS);
  });
}

function isKept() {
  try {
    return localStorage.getItem(SESSION) !== null;
  } catch {
    return false;
  }
}

if (isKept()) fetchInside({ atOnce: true }).catch(() => {});
