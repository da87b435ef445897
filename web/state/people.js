/** Who people are, which of them are on line, and who is writing at this moment. */

import { signal } from "@preact/signals";
import { convOfUsers } from "../client/yolk.js";
import { client, isOnline, me, onLeave } from "./session.js";

const people = new Map(); // id -> signal of a Person
const asked = new Set();
const watched = new Set();
/** Ids of those who are on line. */
const present = signal(new Set());

onLeave(() => {
  people.clear();
  asked.clear();
  watched.clear();
  present.value = new Set();
});

/** Keep what an answer said of somebody. */
export function know(person) {
  if (!person?.id) return;
  const held = slot(person.id);
  const known = held.peek();
  const { id, username, nickname, avatar } = person;
  if (known.username !== username || known.nickname !== nickname || known.avatar !== avatar)
    held.value = { id, username, nickname, avatar };
  if (person.online) setPresent(id, true);
}

/** The person with that id; asked for when it is not known, so that it comes by itself. */
export function personOf(id) {
  if (id === me.value?.id) return me.value;
  const held = slot(id);
  if (!held.value.username) ask(id);
  return held.value;
}

export function nameOf(person) {
  return person?.nickname || person?.username || "…";
}

export function isPresent(id) {
  return isOnline.value && present.value.has(id);
}

/** Be told of who comes and goes among these. */
export async function watchPresence(ids) {
  for (const id of ids) if (id && id !== me.peek()?.id && watched.size < 1000) watched.add(id);
  if (watched.size === 0 || !isOnline.peek()) return;
  try {
    const { online } = await client.request("presence", { users: [...watched] });
    present.value = new Set(online);
  } catch {
    // Lost: the next connection asks again.
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

async function ask(id) {
  if (asked.has(id) || !id) return;
  asked.add(id);
  try {
    know(await client.call("GET", `/users/${id}`));
  } catch (error) {
    if (error.temporary) asked.delete(id); // whoever shows them next asks again
  }
}

// ---- Writing

const LASTS_MS = 5_000;
const AGAIN_MS = 3_000;

const writers = signal(new Map()); // conv -> Map of user id -> timer
let said = { conv: "", at: 0 };

onLeave(() => (writers.value = new Map()));

/** Ids of those who are writing in a conversation. */
export function writersIn(conv) {
  return [...(writers.value.get(conv)?.keys() ?? [])];
}

/** We wrote a character. */
export function sayTyping(conversation) {
  const { conv, isGroup, targetId } = conversation;
  const now = Date.now();
  if (!isOnline.peek() || targetId === me.peek()?.id) return;
  if (said.conv === conv && now - said.at < AGAIN_MS) return;
  said = { conv, at: now };
  client.request("typing", { to_id: targetId, chat_type: isGroup ? "group" : "single" }).catch(() => {});
}

/** What they wrote came: they are done. */
export function typed({ conv, from_id }) {
  if (from_id === me.peek()?.id) said = { conv: "", at: 0 };
  set(conv, from_id, null);
}

client.on("typing", ({ from_id, to_id, chat_type }) => {
  if (!me.peek() || from_id === me.peek().id) return;
  const conv = chat_type === "group" ? `g:${to_id}` : convOfUsers(from_id, me.peek().id);
  set(conv, from_id, setTimeout(() => set(conv, from_id, null), LASTS_MS));
});

function set(conv, id, timer) {
  const old = writers.peek().get(conv)?.get(id);
  if (!old && !timer) return;
  clearTimeout(old);
  const there = new Map(writers.peek().get(conv) ?? []);
  if (timer) there.set(id, timer);
  else there.delete(id);
  writers.value = new Map(writers.peek()).set(conv, there);
}
