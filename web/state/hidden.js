/** Hidden chats: they are not in the server's list, but the search finds them, and opening one lists it again. */

import { client, me, onUserChange } from "./session.js";
import { listChanged, make } from "./store.js";
import { rememberPerson } from "./people.js";

let loading = null;

onUserChange(() => (loading = null));

/** Load the hidden chats, once. */
export function loadHidden() {
  loading ??= load().catch(() => (loading = null));
  return loading;
}

async function load() {
  const asker = me.peek();
  const rows = await client.call("GET", "/chat/conversations", { limit: 500, hidden: true });
  if (me.peek() !== asker) return;
  for (const row of rows) {
    if (row.peer) rememberPerson(row.peer);
    make(row.conv).update({ ...row, hidden_seq: row.last_seq });
  }
  listChanged();
}

/** List a conversation again that was hidden. */
export async function reveal(conversation) {
  if (!conversation.isListed) await loadHidden();
  if (!conversation.isHidden) return;
  const row = await client.call("POST", "/chat/conversations/hide", { conv: conversation.conv, on: false });
  conversation.applySettings(row);
  conversation.notify();
  listChanged();
}
