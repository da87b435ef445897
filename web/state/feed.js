/** What the server tells, told on to the conversation that it concerns. */

import { effect, signal, untracked } from "@preact/signals";
import { CHANGES } from "./conversation.js";
import { noticed } from "./groups.js";
import { catchUp, reloadWindow, report } from "./history.js";
import { announce, unsay } from "./notifications.js";
import { typed } from "./people.js";
import { readersChanged } from "./reading.js";
import { client, isInside, isOnline, me } from "./session.js";
import { find, listChanged, openConv, reload } from "./store.js";

const RETRY_MS = 3_000;

/** Changes whenever what waits to be sent does. */
export const outboxRevision = signal(0);

client.on("message", (message) => {
  typed(message);
  const conversation = find(message.conv);
  if (!conversation) {
    refresh().then(() => find(message.conv) && heard(find(message.conv), message));
    return;
  }
  const isNews = conversation.take(message, me.peek()?.id);
  if (message.type === "notice") noticed(conversation, message);
  if (CHANGES.includes(message.type)) unsay();
  listChanged();
  if (isNews) heard(conversation, message);
});

function heard(conversation, message) {
  if (message.from_id !== me.peek()?.id && message.type !== "notice") announce(conversation, message);
}

client.on("gap", ({ conv }) => {
  const conversation = find(conv);
  if (conversation) reloadWindow(conversation);
  refresh();
});

client.on("gone", ({ conv }) => {
  const conversation = find(conv);
  if (!conversation) return;
  conversation.gone ||= "left";
  conversation.changed();
  listChanged();
});

client.on("synced", refresh);

// The list comes over HTTP while the socket is still being opened.
effect(() => {
  if (isInside.value) untracked(refresh);
});

client.on("outbox", () => (outboxRevision.value = outboxRevision.peek() + 1));

client.on("receipt", (receipt) => {
  const conversation = find(receipt.conv);
  if (!conversation) return;
  if (receipt.user_id === me.peek()?.id) conversation.read(receipt.read_seq ?? 0);
  else if (conversation.isGroup) readersChanged(receipt);
  else conversation.receipt(receipt);
});

client.on("system", async (event) => {
  const conversation = event.event === "conversation" && find(event.conv);
  if (!conversation) return (await import("./contacts.js")).system(event);
  conversation.mark(event);
  conversation.changed();
  listChanged();
});

/** Look at the list again, and at what is on the screen; where that fails, a little later. */
async function refresh() {
  try {
    await reload();
    const open = openConv.peek() && find(openConv.peek());
    if (open) await catchUp(open);
  } catch (error) {
    report(error);
    if (error.temporary && isOnline.peek()) setTimeout(() => isOnline.peek() && refresh(), RETRY_MS);
  }
}
