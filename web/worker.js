/**
 * The service worker of the page: it keeps the page's files for when there is no connection, and shows notifications.
 *
 * The page itself is always requested from the server first, so that a changed page is seen at once. The files of the
 * version that this worker was installed with come from its cache. Answers of the API, files of users and the files of
 * other versions are never cached, and the worker leaves their requests alone.
 */

const OPEN_MS = 5_000; // after which a page that does not arrive is opened from the cache

const page = new URL("./", location).href;
const folder = new URL("web/", page).href;
const files = new URL("./web/", location).href; // the server adds the version
const version = files.slice(folder.length, -1);
const prefix = `yolk ${new URL(page).pathname} `; // applications below other paths have the same storage
const cacheName = prefix + version;

addEventListener("install", (event) => event.waitUntil(storePage()));
addEventListener("activate", (event) => event.waitUntil(deleteOtherVersions().then(() => clients.claim())));

// ---- The page and its files

/** Store the page and all files that it may load, also those that it loads when they are needed. */
async function storePage() {
  const cache = await caches.open(cacheName);
  const answer = await fetch(page, { cache: "no-cache" });
  const text = await answer.clone().text();
  let urls = [...text.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path]) => new URL(path, page).href).filter(isOwn);
  if (!answer.ok || urls.length === 0) throw new Error("The page is of another version");
  const stored = new Set();
  while (urls.length > 0) {
    urls.forEach((url) => stored.add(url));
    const imported = await Promise.all(urls.map((url) => storeFile(cache, url)));
    urls = [...new Set(imported.flat())].filter((url) => isOwn(url) && !stored.has(url));
  }
  await cache.put(page, answer); // at last: the page is there only with all its files
}

function isOwn(url) {
  return url.startsWith(files);
}

/** Store a file. Returns the addresses of the modules that it imports. */
async function storeFile(cache, url) {
  const answer = await fetch(url);
  // The server answers with its current file, which may be of another version than the one that was asked for.
  if (!answer.ok || !answer.headers.get("Cache-Control")?.includes("immutable")) throw new Error(`${url} is of another version`);
  const text = /\.m?js$/.test(url) ? await answer.clone().text() : "";
  await cache.put(url, answer);
  return [...text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map(([, path]) => new URL(path, url).href);
}

/** Delete the files of other versions. A worker becomes active only when no page of another version is open. */
async function deleteOtherVersions() {
  const others = (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== cacheName);
  await Promise.all(others.map((name) => caches.delete(name)));
}

addEventListener("fetch", (event) => {
  const { request } = event;
  const [url] = request.url.split(/[?#]/);
  if (request.method !== "GET") return;
  if (request.mode === "navigate" && url === page) event.respondWith(openPage(request));
  else if (isOwn(url)) event.respondWith(openFile(request, url));
  else if (url.startsWith(folder) && !url.startsWith(`${folder}v-`)) event.respondWith(openUnversioned(request, url));
});

/** Return the page of the server; that of the cache if the server does not answer. */
async function openPage(request) {
  const cached = await stored(page);
  if (!cached) return fetch(request);
  const late = new Promise((resolve) => setTimeout(resolve, OPEN_MS, cached));
  const answer = await Promise.race([fetch(request).catch(() => cached), late]);
  return answer.status < 500 ? answer : cached; // a proxy answers with 502 while the server restarts
}

async function openFile(request, url) {
  return (await stored(url)) ?? fetch(request);
}

/** Return a file that is named without a version, such as the logo. */
async function openUnversioned(request, url) {
  try {
    return await fetch(request);
  } catch {
    return (await stored(files + url.slice(folder.length))) ?? Response.error();
  }
}

function stored(url) {
  return caches.match(url, { cacheName, ignoreVary: true });
}

// ---- Pages of this and of other versions

addEventListener("message", ({ data, source }) => {
  if (data?.type !== "page") return;
  if (data.version !== version) source.postMessage({ type: "new version" });
  else if (data.locks.every((name) => name === data.lock)) skipWaiting();
});

// ---- Notifications

addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openChat(event.notification.data.conv));
});

/** Show a chat in an open tab, the last used one; in a new tab if none is open. */
async function openChat(conv) {
  const tabs = (await clients.matchAll({ type: "window", includeUncontrolled: true })).filter(({ url }) => url.split(/[?#]/)[0] === page);
  if (tabs.length === 0) return clients.openWindow(`${page}#${conv}`);
  tabs[0].postMessage({ type: "open", conv });
  await tabs[0].focus().catch(() => {}); // the browser may forbid it
}
