/** Who people are, and which of them are on line. */

import { signal } from "@preact/signals";
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
