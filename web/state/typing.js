/** Who is writing at this moment, and saying that we are. */

import { signal } from "@preact/signals";
import { convOfUsers } from "../client/yolk.js";
import { client, isOnline, me, onLeave } from "./session.js";

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
