/** Files: links to them, and uploads in progress. */

import { signal } from "@preact/signals";
import { randomId } from "../client/yolk.js";
import { errorText } from "../i18n/words.js";
import { recipientOf } from "./actions.js";
import { client, me, onUserChange } from "./session.js";

const RENEW_MS = 10 * 60_000; // well before a link expires
const links = new Map(); // "id variant" -> {signal, at}

onUserChange(() => links.clear());

/** Return the id in `/files/<id>`, or null. */
export function fileIn(data) {
  return /^\/files\/([0-9a-f-]{36})$/.exec(data)?.[1] ?? null;
}

/** Return what a message says about its file: name, size, type, ...; {} where it says nothing. */
export function infoOf(entry) {
  const file = entry.options?.file;
  return file && typeof file === "object" ? file : {};
}

/** Return the address of a file, for a component: "" while it is loading, null if the user may not see it. */
export function linkOf(id, variant) {
  const key = `${id} ${variant ?? ""}`;
  const held = links.get(key);
  if (held && Date.now() - held.at < RENEW_MS) return held.signal.value;
  const one = { signal: held?.signal ?? signal(""), at: Date.now() };
  links.set(key, one);
  fetchLink(key, one, id, variant);
  return one.signal.value;
}

async function fetchLink(key, one, id, variant) {
  try {
    one.signal.value = (await client.link(id, variant)) ?? null;
  } catch (error) {
    if (error.temporary) links.delete(key);
    else one.signal.value = null;
  }
}

/** Save a file of the server with the browser. */
export async function download(id) {
  const link = document.createElement("a");
  link.href = await client.link(id, "download");
  link.download = "";
  link.click();
}

// ---- Uploads

const revision = signal(0);
const queue = []; // uploads, and texts to be sent after them, in order
const previews = new Map(); // file id -> object URL of the local copy
let running = null;

onUserChange(() => {
  queue.splice(0).forEach(release);
  previews.forEach((address) => URL.revokeObjectURL(address));
  previews.clear();
  notify();
});

/** Return the uploads of a conversation in the form of messages. */
export function uploadsIn(conv) {
  revision.value;
  return queue.filter((each) => each.conv === conv);
}

/** Return the address of the local copy of a file that was sent from this page. */
function previewOf(fileId) {
  return previews.get(fileId);
}

/** Return the address of what a message shows: our own copy, or a link as from `linkOf`. */
export function sourceOf(entry, variant) {
  if (entry.preview) return entry.preview;
  const id = fileIn(entry.data);
  if (!id) return null;
  return previewOf(id) ?? linkOf(id, variant);
}

/** Send files. *extra* are options of the message, such as the length of a voice message. */
export function sendFiles(conversation, files, extra = {}) {
  for (const file of files) {
    enqueue(conversation, {
      cid: `upload-${randomId()}`,
      type: extra.type ?? kindOf(file.type),
      data: "",
      file,
      preview: URL.createObjectURL(file),
      options: { ...extra.options, file: { name: file.name, size: file.size, type: file.type, ...extra.file } },
      extra: extra.options ?? null,
      state: "uploading",
      progress: signal(0),
      error: null,
    });
  }
  startQueue();
}

/** Send a text after the uploads of a conversation. */
export function sendAfterFiles(conversation, text) {
  enqueue(conversation, { cid: `text-${randomId()}`, type: "text", data: text, options: null, state: "sending" });
  startQueue();
}

function enqueue(conversation, fields) {
  const { conv } = conversation;
  queue.push({ conv, to: recipientOf(conversation), from_id: me.peek().id, create_time: Date.now(), ...fields });
  notify();
}

export function cancelUpload(cid) {
  const at = queue.findIndex((each) => each.cid === cid);
  if (at < 0) return;
  queue.splice(at, 1).forEach(release);
  notify();
}

function release({ abort, preview }) {
  abort?.abort();
  if (preview) URL.revokeObjectURL(preview);
}

export function retryUpload(cid) {
  replace(cid, { state: "uploading", error: null });
  startQueue();
}

/** Return the type of a message with such a file: "image", "audio", "video" or "file". */
export function kindOf(type) {
  if (/^image\/(png|jpeg|gif|webp|avif|bmp)$/.test(type)) return "image";
  const [kind] = type.split("/");
  return kind === "audio" || kind === "video" ? kind : "file";
}

/** Upload one after the other, so that the messages arrive in order. */
async function startQueue() {
  running ??= processQueue().finally(() => (running = null));
  await running;
}

async function processQueue() {
  for (let next; (next = queue.find(({ state }) => state === "uploading" || state === "sending")); )
    if (next.file) await upload(next);
    else sendNow(next);
}

function sendNow({ cid, to, data }) {
  queue.splice(queue.findIndex((each) => each.cid === cid), 1);
  client.send({ ...to, type: "text", data });
  notify();
}

async function upload({ cid, file, progress }) {
  const abort = new AbortController();
  replace(cid, { abort });
  try {
    const info = await client.upload(file, {
      name: file.name,
      signal: abort.signal,
      onProgress: (done, total) => (progress.value = total ? done / total : 0),
    });
    done(cid, info);
  } catch (error) {
    if (!abort.signal.aborted) replace(cid, { state: "failed", error: { code: error.code, text: errorText(error) } });
  }
}

function done(cid, info) {
  const at = queue.findIndex((each) => each.cid === cid);
  if (at < 0) return; // cancelled meanwhile
  const [{ to, type, extra, preview }] = queue.splice(at, 1);
  previews.set(info.id, preview);
  client.send({ ...to, type: type === "audio" || type === "file" ? type : kindOf(info.type), data: info.url, options: { ...extra, file: info } });
  notify();
}

function replace(cid, fields) {
  const at = queue.findIndex((each) => each.cid === cid);
  if (at < 0) return;
  queue[at] = { ...queue[at], ...fields };
  notify();
}

function notify() {
  revision.value = revision.peek() + 1;
}

addEventListener("beforeunload", (event) => queue.length > 0 && event.preventDefault());
