/** Apply what the server pushes to the conversations. */

import { effect, signal, untracked } from "@preact/signals";
import { CHANGE_TYPES } from "./conversation.js";
import { applyNotice } from "./groups.js";
import { catchUp, reloadWindow, reportError } from "./history.js";
import { announce, clearAnnouncement } from "./notifications.js";
import { stopTyping } from "./people.js";
import { updateReaders } from "./reading.js";
import { client, isOnline, isSignedIn, me } from "./session.js";
import { find, listChanged, openConv, reload } from "./store.js";

const RETRY_MS = 3_000;

/** Changes whenever the outbox changes. */
export const outboxRevision = signal(0);

client.on("message", (message) => {
  stopTyping(message);
  const conversation = find(message.conv);
  if (!conversation) {
    refresh().then(() => find(message.conv) && announceFromOthers(find(message.conv), message));
    return;
  }
  const isNews = conversation.apply(message, me.peek()?.id);
  if (message.type === "notice") applyNotice(conversation, message);
  if (CHANGE_TYPES.includes(message.type)) clearAnnouncement(message.conv);
  listChanged();
  if (isNews) announceFromOthers(conversation, message);
});

function announceFromOthers(conversation, message) {
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
  conversation.notify();
  listChanged();
});

client.on("synced", refresh);

// The list is loaded over HTTP while the socket is being opened.
effect(() => {
  if (isSignedIn.value) untracked(refresh);
});

client.on("outbox", () => (outboxRevision.value = outboxRevision.peek() + 1));

client.on("receipt", (receipt) => {
  const conversation = find(receipt.conv);
  if (!conversation) return;
  if (receipt.user_id === me.peek()?.id) conversation.read(receipt.read_seq ?? 0);
  else if (conversation.isGroup) updateReaders(receipt);
  else conversation.receipt(receipt);
});

client.on("system", async (event) => {
  const conversation = event.event === "conversation" && find(event.conv);
  if (!conversation) return (await import("./contacts.js")).handleSystemEvent(event);
  conversation.applySettings(event);
  conversation.notify();
  listChanged();
});

/** Load the list and the open conversation again; after a temporary failure, retry. */
async function refresh() {
  try {
    await reload();
    const open = openConv.peek() && find(openConv.peek());
    if (open) await catchUp(open);
  } catch (error) {
    reportError(error);
    if (error.temporary && isOnline.peek()) setTimeout(() => isOnline.peek() && refresh(), RETRY_MS);
  }
}
