/** Who is typing in which conversation. */

import { signal } from "@preact/signals";
import { convOfUsers } from "../client/yolk.js";
import { client, isOnline, me, onUserChange } from "./session.js";

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
