/** What was read: by us, and in groups by how many. */

import { signal } from "@preact/signals";
import { client, isOnline, onLeave } from "./session.js";
import { openConversation } from "./store.js";

let isAtEnd = false; // the newest message of the open chat is in sight

/** The newest message came into sight, or left it. */
export function setAtEnd(at) {
  isAtEnd = at;
  markRead();
}

export function markRead() {
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

const WAIT_MS = 250;

const counts = new Map(); // message id -> signal of {count, total}, or null while it is not known
const places = new Map(); // message id -> {conv, seq}
const wanted = new Set();
let timer = 0;

onLeave(() => {
  counts.clear();
  places.clear();
  wanted.clear();
});

/** {count, total} of a message of ours, or null while it is not known. */
export function readersOf({ id, conv, seq }) {
  if (!counts.has(id)) {
    counts.set(id, signal(null));
    places.set(id, { conv, seq });
    want(id);
  }
  return counts.get(id).value;
}

/** Somebody in a group has read up to a seq: what that may change is asked for again. */
export function readersChanged({ conv, read_seq }) {
  if (!read_seq) return;
  for (const [id, place] of places) {
    const known = counts.get(id).peek();
    if (place.conv === conv && place.seq <= read_seq && (!known || known.count < known.total)) want(id);
  }
}

/** A page of those who have read a message. */
export function askReaders(id, after) {
  return client.request("readers", after ? { id, after } : { id });
}

client.on("synced", () => places.forEach((_, id) => want(id)));

function want(id) {
  wanted.add(id);
  clearTimeout(timer);
  timer = setTimeout(ask, WAIT_MS);
}

async function ask() {
  if (!isOnline.peek()) return; // "synced" comes
  const ids = [...wanted].slice(-60); // the latest, which are on the screen
  wanted.clear();
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
