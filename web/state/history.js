/**
 * The open conversation and its history: the newest page, older and newer pages, the pages around one message,
 * and the originals of replies. The address bar names the open conversation.
 */

import { signal } from "@preact/signals";
import { peerOf } from "../client/yolk.js";
import { loadGroup } from "./groups.js";
import { reveal } from "./hidden.js";
import { rememberPerson, watchPresence } from "./people.js";
import { client, isSignedIn, me, onUserChange } from "./session.js";
import { find, listChanged, make, openConv } from "./store.js";
import { closePanel } from "./ui.js";

const PAGE_SIZE = 50;
const NOT_FOUND_CODES = [2002, 2010]; // no such conversation, or not a member of the group
const NOT_LOGGED_IN = 3001;
const loading = new Map(); // conv -> promise of a page

/** The message to scroll to: {conv, seq}. The message list sets it to null when it has arrived. */
export const jumpTarget = signal(null);

/** The token of the invitation link that was opened, until its group is shown; or null. */
export const openedLink = signal(null);

/** Open a conversation (null: none), and load what it needs. */
export async function show(conv) {
  if (openConv.peek() === conv) return;
  const before = openConv.peek() && find(openConv.peek());
  if (before) {
    before.separatorSeq = null;
    if (before.window.hasNewer) before.window.clear(); // start at the end the next time
    before.notify();
  }
  openConv.value = conv;
  jumpTarget.value = null;
  const conversation = conv && (find(conv) ?? createFromAddress(conv));
  if (!conversation) return;
  if (conversation.unread > 0) {
    conversation.separatorSeq = conversation.readSeq;
    conversation.separatorCount = conversation.unread;
  }
  conversation.notify();
  reveal(conversation).catch(reportError);
  await catchUp(conversation).catch(reportError); // without a connection: again after "synced"
}

/** Load what is missing of the open conversation. */
export async function catchUp(conversation) {
  if (!conversation.window.isLoaded) await loadOnce(conversation, () => loadNewest(conversation));
  if (conversation.gone) return;
  // Load it again each time: changed nicknames are not pushed.
  if (conversation.isGroup) await loadGroup(conversation.targetId, { again: true }).catch(reportError);
  else if (conversation.peerId) watchPresence([conversation.peerId]);
}

/** Drop the loaded messages, because too many are missing, and load the newest page. */
export function reloadWindow(conversation) {
  conversation.window.clear();
  conversation.notify();
  if (openConv.peek() === conversation.conv) loadOnce(conversation, () => loadNewest(conversation)).catch(reportError);
}

export function loadOlder(conversation) {
  extend(conversation, "hasOlder", ({ oldestSeq }) => ({ before: oldestSeq }));
}

export function loadNewer(conversation) {
  extend(conversation, "hasNewer", ({ newestSeq }) => ({ after: newestSeq }));
}

/** Load the page behind one end of the loaded messages; *side* is "hasOlder" or "hasNewer". */
function extend(conversation, side, rangeOf) {
  const { conv, window } = conversation;
  if (!window.isLoaded || !window[side]) return;
  loadOnce(conversation, async () => {
    const { messages, more } = await client.history(conv, { ...rangeOf(window), limit: PAGE_SIZE });
    window.extend(messages, { [side]: more });
    conversation.notify();
  }).catch(reportError);
}

/** Load the newest page, unless it is loaded. */
export async function toNewest(conversation) {
  if (conversation.window.hasNewer) await loadOnce(conversation, () => loadNewest(conversation)).catch(reportError);
}

/** Go to the newest message, if others are shown. */
export async function goToNewest(conversation) {
  if (!conversation.window.hasNewer) return;
  await toNewest(conversation);
  jumpTarget.value = { conv: conversation.conv, seq: Infinity };
}

/** Go to the message with that seq; load the pages around it if it is not loaded. */
export async function goTo(conversation, seq) {
  const { conv, window } = conversation;
  await loading.get(conv)?.catch(() => {});
  if (!window.covers(seq)) {
    await loadOnce(conversation, async () => {
      const [before, after] = await Promise.all([
        client.history(conv, { before: seq + 1, limit: PAGE_SIZE }),
        client.history(conv, { after: seq, limit: PAGE_SIZE }),
      ]);
      window.load([...before.messages, ...after.messages], { hasOlder: before.more, hasNewer: after.more });
      conversation.notify();
    }).catch(reportError);
  }
  jumpTarget.value = { conv, seq };
}

async function loadNewest(conversation) {
  const { window } = conversation;
  const isJump = window.hasNewer;
  const { messages, more } = await client.history(conversation.conv, { limit: PAGE_SIZE }).catch((error) => {
    if (!NOT_FOUND_CODES.includes(error.code)) throw error;
    if (conversation.isGroup) conversation.gone ||= conversation.group ? "left" : "unknown";
    return { messages: [], more: false }; // a chat without messages
  });
  if (isJump) window.clear();
  window.load(messages, { hasOlder: more });
  const newest = messages.at(-1);
  if (newest && newest.seq > conversation.lastSeq) conversation.apply(newest, me.peek()?.id);
  conversation.notify();
}

/** Load one page at a time for each conversation. */
function loadOnce(conversation, load) {
  const { conv } = conversation;
  if (!loading.has(conv)) loading.set(conv, load().finally(() => loading.delete(conv)));
  return loading.get(conv);
}

/** Create the conversation *conv* from the address bar, which is not in the list; null: it is not valid. */
function createFromAddress(conv) {
  const id = peerOf(conv, me.peek().id);
  if (id === null && !/^g:\d+$/.test(conv)) return null;
  const conversation = make(conv);
  if (id !== null) {
    conversation.peerId = conversation.targetId = id;
    client.call("GET", `/users/${id}`).then(rememberPerson, ({ status }) => {
      if (status === 404) conversation.gone = "nobody";
      conversation.notify();
      listChanged();
    });
  }
  return conversation;
}

/** Report an error on the console, unless it is temporary or the user logged out meanwhile. */
export function reportError(error) {
  if (!error.temporary && error.code !== NOT_LOGGED_IN) console.warn("yolk:", error);
}

// ---- The originals of replies

const originals = new Map(); // message id -> signal of the message; undefined while loading, null if it does not exist

onUserChange(() => originals.clear());

/** Return the message that *options* reply to: undefined while loading, null if it cannot be shown. */
export function originalOf(conversation, { reply_to, reply_seq }) {
  const held = conversation.window.find(reply_to);
  if (held) return held;
  if (!originals.has(reply_to)) {
    originals.set(reply_to, signal(Number.isInteger(reply_seq) ? undefined : null));
    if (Number.isInteger(reply_seq)) fetchOriginal(conversation.conv, reply_to, reply_seq);
  }
  return originals.get(reply_to).value;
}

async function fetchOriginal(conv, id, seq) {
  try {
    const { messages } = await client.history(conv, { after: seq - 1, limit: 1 });
    originals.get(id).value = messages.find((message) => message.id === id) ?? null;
  } catch (error) {
    if (error.temporary) originals.delete(id);
    else originals.get(id).value = null;
  }
}

// ---- The address bar

/** Open a conversation (null: none), and put it into the address bar. */
export function go(conv) {
  const address = conv ? `#${conv}` : location.pathname;
  const replace = location.hash !== "" || !conv;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  if (conv !== openConv.peek()) closePanel();
  return show(conv);
}

/** Open the conversation of a message, and go to the message. */
export async function goToMessage({ conv, seq }) {
  await go(conv);
  const conversation = find(conv);
  if (conversation) await goTo(conversation, seq);
}

/** Open what the address bar names: a conversation, or the group of an invitation link. */
export function openFromAddress() {
  if (!isSignedIn.peek()) return;
  const [, token] = /^#join=([\w-]+)$/.exec(location.hash) ?? [];
  if (!token) return void show(decodeURIComponent(location.hash.slice(1)) || null);
  history.replaceState(null, "", location.pathname); // the token is a secret
  openedLink.value = token;
}

addEventListener("popstate", openFromAddress);
