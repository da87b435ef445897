/** All conversations: their list, and the open one. */

import { computed, signal } from "@preact/signals";
import { convOfUsers } from "../client/yolk.js";
import { t } from "../i18n/words.js";
import { Conversation, mentions } from "./conversation.js";
import { nameOf, personOf, rememberPerson, watchPresence } from "./people.js";
import { client, me, onUserChange } from "./session.js";

const MAX_MESSAGES_SEARCHED = 100; // for mentions, in one conversation

const conversations = new Map(); // conv -> Conversation
const revision = signal(0);
let reloading = null;
let isWanted = false;

/** The conv of the open conversation, or null. */
export const openConv = signal(null);
/** Whether the list has been loaded. */
export const isListLoaded = signal(false);

onUserChange(() => {
  conversations.clear();
  openConv.value = null;
  isListLoaded.value = false;
  listChanged();
});

/** The conversations to show in the list: pinned ones first, then the latest. */
export const listed = computed(() => {
  revision.value;
  return [...conversations.values()]
    .filter((each) => each.isListed && !each.gone && !each.isHidden)
    .sort((a, b) => b.pinTime - a.pinTime || b.updateTime - a.updateTime);
});

/** The conversations that a search finds, the latest first: those of the list, and hidden ones. */
export const searchable = computed(() => {
  revision.value;
  return [...conversations.values()].filter((each) => each.isListed && !each.gone).sort((a, b) => b.updateTime - a.updateTime);
});

/** The number of unread messages, without muted conversations. */
export const unreadTotal = computed(() =>
  listed.value.reduce((sum, each) => (each.subscribe(), each.isQuiet ? sum : sum + each.unread), 0),
);

export const openConversation = computed(() => {
  revision.value;
  return conversations.get(openConv.value) ?? null;
});

/** Return the conversation *conv*, or undefined. */
export function find(conv) {
  return conversations.get(conv);
}

export function all() {
  return [...conversations.values()];
}

/** Return the conversation *conv*; create it if it is new. */
export function make(conv) {
  if (!conversations.has(conv)) {
    conversations.set(conv, new Conversation(conv));
    listChanged();
  }
  return conversations.get(conv);
}

/** Return the conv of the chat with *person*, which need not have a message yet. */
export function chatWith(person) {
  rememberPerson(person);
  const conversation = make(convOfUsers(me.peek().id, person.id));
  conversation.peerId = conversation.targetId = person.id;
  return conversation.conv;
}

/** Add a group that was just created or joined to the list. Returns its conv. */
export function chatOfGroup(group) {
  const conversation = make(group.conv ?? `g:${group.id}`);
  conversation.group = group;
  conversation.isListed = true;
  conversation.gone = "";
  if (!conversation.updateTime) conversation.updateTime = Date.now();
  conversation.notify();
  listChanged();
  return conversation.conv;
}

/** Return the title of a conversation. */
export function titleOf(conversation) {
  conversation.subscribe();
  if (["unknown", "nobody"].includes(conversation.gone)) return t(`title_${conversation.gone}`);
  if (conversation.isGroup) return conversation.group?.name ?? "";
  return nameOf(personOf(conversation.peerId));
}

/** Render the list again: its order or its members changed. */
export function listChanged() {
  revision.value = revision.peek() + 1;
}

/** Load the list. Calls during a load lead to one more load after it. */
export function reload() {
  isWanted = true;
  reloading ??= loadAll().finally(() => (reloading = null));
  return reloading;
}

async function loadAll() {
  while (isWanted) {
    isWanted = false; // a call from now on may know of changes that this answer does not contain
    await load();
  }
}

async function load() {
  const asker = me.peek();
  const rows = await client.call("GET", "/chat/conversations", { limit: 500 });
  if (me.peek() !== asker) return; // another user has logged in meanwhile
  for (const row of rows) {
    const conversation = make(row.conv);
    const { readSeq } = conversation;
    conversation.update(row);
    if (row.peer) rememberPerson(row.peer);
    if (row.read_seq < readSeq) client.read(row.conv, readSeq); // the server does not know it: send it again
    // The client acknowledges what it delivers. Messages from before the first login here are only in the list.
    if (row.delivered_seq < row.last_seq) client.request("delivered", { conv: row.conv, seq: row.last_seq }).catch(() => {});
  }
  isListLoaded.value = true;
  listChanged();
  watchPresence(all().map(({ peerId }) => peerId));
  lookForMentions().catch(() => {});
}

/** Search the unread messages of groups for mentions, which the list does not contain. */
async function lookForMentions() {
  for (const conversation of all()) {
    const { conv, isGroup, unread, readSeq, lastSeq } = conversation;
    if (!isGroup || unread === 0 || conversation.mentionsCheckedSeq >= lastSeq) continue;
    conversation.mentionsCheckedSeq = lastSeq;
    const { messages } = await client.history(conv, { after: Math.max(readSeq, lastSeq - MAX_MESSAGES_SEARCHED), limit: MAX_MESSAGES_SEARCHED });
    const isCalled = messages.some((message) => message.seq > conversation.readSeq && mentions(message, me.peek()?.id));
    if (!isCalled || conversation.isMentioned) continue;
    conversation.isMentioned = true;
    conversation.notify();
  }
}
