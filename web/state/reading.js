/** Read receipts: what the user has read, and how many members of a group have read a message. */

import { signal } from "@preact/signals";
import { client, isOnline, onUserChange } from "./session.js";
import { openConversation } from "./store.js";

let isAtEnd = false; // the newest message of the open chat is visible

/** Set whether the newest message is visible. */
export function setAtEnd(at) {
  isAtEnd = at;
  markRead();
}

function markRead() {
  const conversation = openConversation.peek();
  const isLooking = isAtEnd && document.visibilityState === "visible" && document.hasFocus();
  if (!isLooking || !conversation?.window.isLoaded || conversation.window.hasNewer) return;
  if (conversation.readSeq >= conversation.lastSeq) return;
  client.read(conversation.conv, conversation.lastSeq);
  conversation.read(conversation.lastSeq);
}

document.addEventListener("visibilitychange", markRead);
addEventListener("focus", markRead);

// ---- Readers in groups

const DEBOUNCE_MS = 250;

const counts = new Map(); // message id -> signal of {count, total}, or null while it is not known
const places = new Map(); // message id -> {conv, seq}
const requestedIds = new Set();
let timer = 0;

onUserChange(() => {
  counts.clear();
  places.clear();
  requestedIds.clear();
});

/** Return {count, total} of the readers of an own message, or null while they are not known. */
export function readersOf({ id, conv, seq }) {
  if (!counts.has(id)) {
    counts.set(id, signal(null));
    places.set(id, { conv, seq });
    requestCount(id);
  }
  return counts.get(id).value;
}

/** Request the counts again that change because a member has read up to a seq. */
export function updateReaders({ conv, read_seq }) {
  if (!read_seq) return;
  for (const [id, place] of places) {
    const known = counts.get(id).peek();
    if (place.conv === conv && place.seq <= read_seq && (!known || known.count < known.total)) requestCount(id);
  }
}

/** Request a page of the readers of a message. */
export function fetchReaders(id, after) {
  return client.request("readers", after ? { id, after } : { id });
}

client.on("synced", () => places.forEach((_, id) => requestCount(id)));

function requestCount(id) {
  requestedIds.add(id);
  clearTimeout(timer);
  timer = setTimeout(fetchCounts, DEBOUNCE_MS);
}

async function fetchCounts() {
  if (!isOnline.peek()) return; // requested again after "synced"
  const ids = [...requestedIds].slice(-60); // the latest ones, which are on the screen
  requestedIds.clear();
  for (const id of ids) {
    try {
      const { count, total } = await client.request("readers", { id, limit: 1 });
      const held = counts.get(id);
      const known = held?.peek();
      if (held && (known?.count !== count || known?.total !== total)) held.value = { count, total };
    } catch (error) {
      if (error.temporary) return;
    }
  }
}
