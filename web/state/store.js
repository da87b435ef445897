/** The conversations, their list, and which of them is on the screen. */

import { computed, signal } from "@preact/signals";
import { convOfUsers } from "../client/yolk.js";
import { Conversation, mentions } from "./conversation.js";
import { know, nameOf, personOf, watchPresence } from "./people.js";
import { client, me, onLeave } from "./session.js";

const MOST_LOOKED_AT = 100; // messages

const conversations = new Map(); // conv -> Conversation
const revision = signal(0);
let reloading = null;
let isWanted = false;

/** The conv on the screen, or null. */
export const openConv = signal(null);
/** Whether the list came at all. */
export const isListLoaded = signal(false);

onLeave(() => {
  conversations.clear();
  openConv.value = null;
  isListLoaded.value = false;
  listChanged();
});

/** Those of the list: pinned ones, then the latest first. */
export const listed = computed(() => {
  revision.value;
  return [...conversations.values()]
    .filter((each) => each.isListed && !each.gone && !each.isHidden)
    .sort((a, b) => b.pinTime - a.pinTime || b.updateTime - a.updateTime);
});

/** Unread messages, without those of quiet conversations. */
export const unreadTotal = computed(() =>
  listed.value.reduce((sum, each) => (each.seen(), each.isQuiet ? sum : sum + each.unread), 0),
);

export const openConversation = computed(() => {
  revision.value;
  return conversations.get(openConv.value) ?? null;
});

/** The conversation of that name, if it is held. */
export function find(conv) {
  return conversations.get(conv);
}

export function all() {
  return [...conversations.values()];
}

/** The conversation of that name, made if it is new here. */
export function make(conv) {
  if (!conversations.has(conv)) {
    conversations.set(conv, new Conversation(conv));
    listChanged();
  }
  return conversations.get(conv);
}

/** The conv of the chat with *person*, which need not have a message yet. */
export function chatWith(person) {
  know(person);
  const conversation = make(convOfUsers(me.peek().id, person.id));
  conversation.peerId = conversation.targetId = person.id;
  return conversation.conv;
}

/** The conv of a group that one has just made or joined. */
export function chatOfGroup(group) {
  const conversation = make(group.conv ?? `g:${group.id}`);
  conversation.group = group;
  conversation.isListed = true;
  conversation.gone = "";
  if (!conversation.updateTime) conversation.updateTime = Date.now();
  conversation.changed();
  listChanged();
  return conversation.conv;
}

/** What a conversation is called. */
export function titleOf(conversation) {
  conversation.seen();
  if (conversation.isGroup) return conversation.group?.name ?? "";
  return nameOf(personOf(conversation.peerId));
}

/** The order of the list, or what belongs to it, changed. */
export function listChanged() {
  revision.value = revision.peek() + 1;
}

/** Load the list; asked for several times at once, it is loaded once more afterwards. */
export function reload() {
  isWanted = true;
  reloading ??= loadAll().finally(() => (reloading = null));
  return reloading;
}

async function loadAll() {
  while (isWanted) {
    isWanted = false; // who asks from now on may know of more than the answer will say
    await load();
  }
}

async function load() {
  const asker = me.peek();
  const rows = await client.call("GET", "/chat/conversations", { limit: 500 });
  if (me.peek() !== asker) return; // somebody else logged in meanwhile
  for (const row of rows) {
    const conversation = make(row.conv);
    const { readSeq } = conversation;
    conversation.update(row);
    if (row.peer) know(row.peer);
    if (row.read_seq < readSeq) client.read(row.conv, readSeq); // it was lost
    // The client says so of what it hands out; what came before the first login here only the list tells.
    if (row.delivered_seq < row.last_seq) client.request("delivered", { conv: row.conv, seq: row.last_seq }).catch(() => {});
  }
  isListLoaded.value = true;
  listChanged();
  watchPresence(all().map(({ peerId }) => peerId));
  lookForMentions().catch(() => {});
}

/** The list does not say whether one was called by name in what is unread in a group: look there. */
async function lookForMentions() {
  for (const conversation of all()) {
    const { conv, isGroup, unread, readSeq, lastSeq } = conversation;
    if (!isGroup || unread === 0 || conversation.lookedAtSeq >= lastSeq) continue;
    conversation.lookedAtSeq = lastSeq;
    const { messages } = await client.history(conv, { after: Math.max(readSeq, lastSeq - MOST_LOOKED_AT), limit: MOST_LOOKED_AT });
    const isCalled = messages.some((message) => message.seq > conversation.readSeq && mentions(message, me.peek()?.id));
    if (!isCalled || conversation.isMentioned) continue;
    conversation.isMentioned = true;
    conversation.changed();
  }
}
