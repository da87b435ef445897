/**
 * What the entrance does not need is fetched when that is on the screen, or at once by who is logged in.
 *
 * `index.html` names all of it in a template, so that it comes side by side and not one after the other.
 */

const CALM_MS = 1_500;

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
