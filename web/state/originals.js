/** The messages that others answer. One that is not held is fetched by its place, and known by its id. */

import { signal } from "@preact/signals";
import { client, onLeave } from "./session.js";

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
