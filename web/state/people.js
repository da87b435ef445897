/** Users: their names and avatars, which of them are online, and who is typing. */

import { signal } from "@preact/signals";
import { convOfUsers } from "../client/yolk.js";
import { client, isOnline, me, onUserChange } from "./session.js";

const people = new Map(); // id -> signal of a Person
const requested = new Set();
const watched = new Set();
/** The ids of the users who are online. */
const present = signal(new Set());

onUserChange(() => {
  people.clear();
  requested.clear();
  watched.clear();
  present.value = new Set();
});

/** Store what an answer says about a user. */
export function rememberPerson(person) {
  if (!person?.id) return;
  const held = slot(person.id);
  const known = held.peek();
  const { id, username, nickname, avatar } = person;
  if (known.username !== username || known.nickname !== nickname || known.avatar !== avatar)
    held.value = { id, username, nickname, avatar };
  if (person.online) setPresent(id, true);
}

/** Return the user with that id, for a component. An unknown one is requested, and rendered when it arrives. */
export function personOf(id) {
  if (id === me.value?.id) return me.value;
  const held = slot(id);
  if (!held.value.username) fetchPerson(id);
  return held.value;
}

export function nameOf(person) {
  return person?.nickname || person?.username || "…";
}

export function isPresent(id) {
  return isOnline.value && present.value.has(id);
}

/** Subscribe to the presence of these users. */
export async function watchPresence(ids) {
  for (const id of ids) if (id && id !== me.peek()?.id && watched.size < 1000) watched.add(id);
  if (watched.size === 0 || !isOnline.peek()) return;
  try {
    const { online } = await client.request("presence", { users: [...watched] });
    present.value = new Set(online);
  } catch {
    // The connection is lost: the next one requests it again.
  }
}

client.on("presence", ({ user_id, online }) => setPresent(user_id, online));

function setPresent(id, online) {
  if (present.peek().has(id) === online) return;
  const next = new Set(present.peek());
  next[online ? "add" : "delete"](id);
  present.value = next;
}

function slot(id) {
  if (!people.has(id)) people.set(id, signal({ id, username: "", nickname: "", avatar: "" }));
  return people.get(id);
}

async function fetchPerson(id) {
  if (requested.has(id) || !id) return;
  requested.add(id);
  try {
    rememberPerson(await client.call("GET", `/users/${id}`));
  } catch (error) {
    if (error.temporary) requested.delete(id); // requested again when they are shown next
  }
}

// ---- Typing

const SHOWN_MS = 5_000;
const REPEAT_MS = 3_000;

const typing = signal(new Map()); // conv -> Map of user id -> timer
let lastSent = { conv: "", at: 0 };

onUserChange(() => (typing.value = new Map()));

/** Return the ids of the users who are typing in a conversation. */
export function typingIn(conv) {
  return [...(typing.value.get(conv)?.keys() ?? [])];
}

/** Announce that the user is typing. */
export function sendTyping(conversation) {
  const { conv, isGroup, targetId } = conversation;
  const now = Date.now();
  if (!isOnline.peek() || targetId === me.peek()?.id) return;
  if (lastSent.conv === conv && now - lastSent.at < REPEAT_MS) return;
  lastSent = { conv, at: now };
  client.request("typing", { to_id: targetId, chat_type: isGroup ? "group" : "single" }).catch(() => {});
}

/** Remove a typing state: the message has arrived. */
export function stopTyping({ conv, from_id }) {
  if (from_id === me.peek()?.id) lastSent = { conv: "", at: 0 };
  setTyping(conv, from_id, null);
}

client.on("typing", ({ from_id, to_id, chat_type }) => {
  if (!me.peek() || from_id === me.peek().id) return;
  const conv = chat_type === "group" ? `g:${to_id}` : convOfUsers(from_id, me.peek().id);
  setTyping(conv, from_id, setTimeout(() => setTyping(conv, from_id, null), SHOWN_MS));
});

function setTyping(conv, id, timer) {
  const old = typing.peek().get(conv)?.get(id);
  if (!old && !timer) return;
  clearTimeout(old);
  const there = new Map(typing.peek().get(conv) ?? []);
  if (timer) there.set(id, timer);
  else there.delete(id);
  typing.value = new Map(typing.peek()).set(conv, there);
}
