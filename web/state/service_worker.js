/** The service worker: its registration, and the notice that the server has a new version of the page. */

import { go } from "./history.js";
import { client, isSignedIn } from "./session.js";
import { hasNewVersion } from "./ui.js";

const UPDATE_MS = 60 * 60 * 1_000; // between questions for a new version
const MAX_DELAY_MS = 10_000; // after a reconnection: many pages reconnect after a restart of the server

const [, version] = /\/(v-[0-9a-f]+)\//.exec(import.meta.url) ?? [];
const locks = `yolk.page ${new URL("./", document.baseURI).pathname} `;

let starting = null;

/** Register the service worker. Browsers have one on pages from HTTPS or from this machine only. */
export function start() {
  return (starting ??= register());
}

async function register() {
  const { serviceWorker } = navigator;
  if (!serviceWorker || !navigator.locks || !version) return;
  // The lock says to other tabs which version this page is of.
  await new Promise((resolve) => navigator.locks.request(locks + version, { mode: "shared" }, () => (resolve(), new Promise(() => {}))));
  serviceWorker.addEventListener("message", onMessage);
  const registration = await serviceWorker.register(scriptAddress()).catch((error) => console.info("Yolk:", error.message));
  if (!registration) return;
  registration.addEventListener("updatefound", () => {
    const { installing } = registration;
    installing?.addEventListener("statechange", () => registration.waiting === installing && introduce(installing));
  });
  if (registration.waiting) introduce(registration.waiting);
  const update = () => registration.update().catch(() => {}); // without a connection: at the next time
  setInterval(update, UPDATE_MS);
  let wasOnline = true;
  client.on("state", ({ name }) => {
    if (name === "online" && !wasOnline) setTimeout(update, Math.random() * MAX_DELAY_MS);
    wasOnline = name === "online";
  });
}

/** Return the address of the script, as the page's policy asks for it: from a policy that makes no other. */
function scriptAddress() {
  const address = "./worker.js";
  return globalThis.trustedTypes?.createPolicy("yolk-worker", { createScriptURL: () => address }).createScriptURL("") ?? address;
}

/** Tell a worker that waits which versions are open: it replaces the active one when all pages are of its version. */
async function introduce(worker) {
  const { held } = await navigator.locks.query();
  const names = held.map(({ name }) => name).filter((name) => name.startsWith(locks));
  worker.postMessage({ type: "page", version, lock: locks + version, locks: names });
}

function onMessage({ data }) {
  if (data.type === "new version") hasNewVersion.value = true;
  if (data.type === "open" && isSignedIn.peek()) go(data.conv);
}
