/**
 * Which chat is on the screen, as the address bar says too, and the pages of it that are loaded: the newest,
 * older and newer ones, what lies around one message, and messages that others answer.
 */

import { signal } from "@preact/signals";
import { peerOf } from "../client/yolk.js";
import { loadGroup } from "./groups.js";
import { know, watchPresence } from "./people.js";
import { client, isInside, me, onLeave } from "./session.js";
import { find, listChanged, make, openConv } from "./store.js";
import { closePanel } from "./ui.js";

const PAGE = 50;
const NOT_THERE = [2002, 2010]; // no such conversation, or a group that one is not in
const loading = new Map(); // conv -> promise of a page that is on its way

/** A message to go to: {conv, seq}. The list of messages empties it when it is there. */
export const target = signal(null);

/** Show a conversation (null: none), and load what it needs. */
export async function show(conv) {
  if (openConv.peek() === conv) return;
  const before = openConv.peek() && find(openConv.peek());
  if (before) {
    before.separatorSeq = null;
    if (before.window.hasNewer) before.window.clear(); // begin at the end the next time
    before.changed();
  }
  openConv.value = conv;
  target.value = null;
  const conversation = conv && (find(conv) ?? meet(conv));
  if (!conversation) return;
  if (conversation.unread > 0) {
    conversation.separatorSeq = conversation.readSeq;
    conversation.separatorCount = conversation.unread;
  }
  conversation.changed();
  await catchUp(conversation).catch(report); // without a connection "synced" comes later
}

/** Load what is missing of the conversation on the screen. */
export async function catchUp(conversation) {
  if (!conversation.window.isLoaded) await once(conversation, () => loadNewest(conversation));
  if (conversation.gone) return;
  // Again, too: nobody is told what members call themselves there.
  if (conversation.isGroup) await loadGroup(conversation.targetId, { again: true }).catch(report);
  else if (conversation.peerId) watchPresence([conversation.peerId]);
}

/** Forget what is held: too much is missing. */
export function reloadWindow(conversation) {
  conversation.window.clear();
  conversation.changed();
  if (openConv.peek() === conversation.conv) once(conversation, () => loadNewest(conversation)).catch(report);
}

export function loadOlder(conversation) {
  extend(conversation, "hasOlder", ({ oldestSeq }) => ({ before: oldestSeq }));
}

export function loadNewer(conversation) {
  extend(conversation, "hasNewer", ({ newestSeq }) => ({ after: newestSeq }));
}

/** Load the page behind one end of what is held; *side* says whether there is more. */
function extend(conversation, side, rangeOf) {
  const { conv, window } = conversation;
  if (!window.isLoaded || !window[side]) return;
  once(conversation, async () => {
    const { messages, more } = await client.history(conv, { ...rangeOf(window), limit: PAGE });
    window.extend(messages, { [side]: more });
    conversation.changed();
  }).catch(report);
}

/** Go to the end. */
export async function toNewest(conversation) {
  if (conversation.window.hasNewer) await once(conversation, () => loadNewest(conversation)).catch(report);
}

/** Go to the message of that seq, loading what lies around it if it is not held. */
export async function goTo(conversation, seq) {
  const { conv, window } = conversation;
  await loading.get(conv)?.catch(() => {});
  if (!window.covers(seq)) {
    await once(conversation, async () => {
      const [before, after] = await Promise.all([
        client.history(conv, { before: seq + 1, limit: PAGE }),
        client.history(conv, { after: seq, limit: PAGE }),
      ]);
      window.load([...before.messages, ...after.messages], { hasOlder: before.more, hasNewer: after.more });
      conversation.changed();
    }).catch(report);
  }
  target.value = { conv, seq };
}

async function loadNewest(conversation) {
  const { window } = conversation;
  const isJump = window.hasNewer;
  const { messages, more } = await client.history(conversation.conv, { limit: PAGE }).catch((error) => {
    if (!NOT_THERE.includes(error.code)) throw error;
    if (conversation.isGroup) conversation.gone ||= "left";
    return { messages: [], more: false }; // two who have not spoken yet
  });
  if (isJump) window.clear();
  window.load(messages, { hasOlder: more });
  const newest = messages.at(-1);
  if (newest && newest.seq > conversation.lastSeq) conversation.take(newest, me.peek()?.id);
  conversation.changed();
}

/** One page at a time for each conversation. */
function once(conversation, load) {
  const { conv } = conversation;
  if (!loading.has(conv)) loading.set(conv, load().finally(() => loading.delete(conv)));
  return loading.get(conv);
}

/** Make the conversation *conv* (from the address bar), of which the list knows nothing yet. */
function meet(conv) {
  const id = peerOf(conv, me.peek().id);
  if (id === null && !/^g:\d+$/.test(conv)) return null;
  const conversation = make(conv);
  if (id !== null) {
    conversation.peerId = conversation.targetId = id;
    client.call("GET", `/users/${id}`).then(know, () => listChanged());
  }
  return conversation;
}

/** What is temporary heals by itself; anything else is somebody's fault. */
export function report(error) {
  if (!error.temporary) console.warn("yolk:", error);
}

// ---- Messages that others answer

const fetched = new Map(); // message id -> signal of the message; undefined while unknown, null where it is not there

onLeave(() => fetched.clear());

/** The message that *options* answer: undefined while it is on its way, null where it cannot be shown. */
export function originalOf(conversation, { reply_to, reply_seq }) {
  const held = conversation.window.find(reply_to);
  if (held) return held;
  if (!fetched.has(reply_to)) {
    fetched.set(reply_to, signal(Number.isInteger(reply_seq) ? undefined : null));
    if (Number.isInteger(reply_seq)) fetch(conversation.conv, reply_to, reply_seq);
  }
  return fetched.get(reply_to).value;
}

async function fetch(conv, id, seq) {
  try {
    const { messages } = await client.history(conv, { after: seq - 1, limit: 1 });
    fetched.get(id).value = messages.find((message) => message.id === id) ?? null;
  } catch (error) {
    if (error.temporary) fetched.delete(id);
    else fetched.get(id).value = null;
  }
}

// ---- The address bar

/** Show the chat of that name (null: none). */
export function go(conv) {
  const address = conv ? `#${conv}` : location.pathname;
  const replace = location.hash !== "" || !conv;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  if (conv !== openConv.peek()) closePanel();
  return show(conv);
}

/** Show a message in its place. */
export async function goToMessage({ conv, seq }) {
  await go(conv);
  const conversation = find(conv);
  if (conversation) await goTo(conversation, seq);
}

export function followAddress() {
  const conv = decodeURIComponent(location.hash.slice(1));
  if (isInside.peek()) show(conv || null);
}

addEventListener("popstate", followAddress);
