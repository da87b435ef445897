/** What was begun to be written, and what one can do with a message and with a conversation. */

import { signal } from "@preact/signals";
import { errorText, t } from "../i18n/words.js";
import { ADMINISTRATOR, groupOf, memberOf, OWNER } from "./groups.js";
import { wroteOne } from "./notifications.js";
import { client, me, onLeave } from "./session.js";
import { find, listChanged } from "./store.js";
import { toast } from "./ui.js";

const KEEP_MS = 400;
const NOTHING = { text: "", reply: null, editing: null };

const drafts = new Map(); // conv -> signal of {text, reply, editing}: messages that it answers or changes
let owner = null;
let timer = 0;

onLeave(() => {
  drafts.clear();
  owner = null;
});

/** The draft of a conversation. */
export function draftOf(conv) {
  return slot(conv).value;
}

export function peekDraft(conv) {
  return slot(conv).peek();
}

export function setDraft(conv, fields) {
  const held = slot(conv);
  held.value = { ...held.peek(), ...fields };
  clearTimeout(timer);
  timer = setTimeout(keep, KEEP_MS);
}

export function clearDraft(conv) {
  setDraft(conv, NOTHING);
}

/** Forget what is kept of whoever logs out here. */
export function forgetDrafts() {
  clearTimeout(timer);
  drafts.clear();
  write(null);
}

function slot(conv) {
  if (owner !== me.peek()?.id) read();
  if (!drafts.has(conv)) drafts.set(conv, signal(NOTHING));
  return drafts.get(conv);
}

function key() {
  return `yolk.page.drafts.${me.peek()?.id}`;
}

function read() {
  owner = me.peek()?.id;
  drafts.clear();
  try {
    const kept = JSON.parse(localStorage.getItem(key())) ?? {};
    for (const [conv, { text, reply }] of Object.entries(kept))
      drafts.set(conv, signal({ ...NOTHING, text: String(text ?? ""), reply: reply ?? null }));
  } catch {
    // Nothing was kept, or nothing that we understand.
  }
}

function keep() {
  const kept = [...drafts].map(([conv, { value }]) => [conv, value]).filter(([, { text, editing }]) => text && !editing);
  write(kept.length ? Object.fromEntries(kept.map(([conv, { text, reply }]) => [conv, { text, reply }])) : null);
}

function write(kept) {
  try {
    if (kept) localStorage.setItem(key(), JSON.stringify(kept));
    else localStorage.removeItem(key());
  } catch {
    // Storage is full or forbidden: drafts then live as long as the page.
  }
}

addEventListener("pagehide", keep);

// ---- Messages and conversations

const RECALL_WITHIN_MS = 2 * 60_000;
const EDIT_WITHIN_MS = 15 * 60_000;

const takenBack = new Map(); // message id -> the text that one may write again

/** Where a message to that conversation goes. */
export function addressOf({ isGroup, targetId }) {
  return { to_id: targetId, chat_type: isGroup ? "group" : "single" };
}

/** Send the draft of a conversation, or change the message that it is about. */
export function sendText(conversation, text, mentioned) {
  const { reply, editing } = peekDraft(conversation.conv);
  clearDraft(conversation.conv);
  if (editing) {
    if (text !== editing.data) change(editing, text);
    return;
  }
  const options = {};
  if (reply) Object.assign(options, { reply_to: reply.id, reply_seq: reply.seq });
  if (mentioned) options.mentions = mentioned;
  const hasOptions = Object.keys(options).length > 0;
  client.send({ ...addressOf(conversation), type: "text", data: text, ...(hasOptions && { options }) });
  wroteOne();
}

/** Change a text; what could not be changed is still there to be tried again. */
async function change(message, text) {
  const changed = await attempt(client.request("edit", { id: message.id, data: text }));
  if (changed) take(changed);
  else if (!peekDraft(message.conv).text) setDraft(message.conv, { editing: message, text });
}

export function reply(message) {
  const { id, conv, from_id, type, data, seq, options } = message;
  const file = options?.file && { name: options.file.name };
  setDraft(message.conv, { reply: { id, conv, from_id, type, data: data.slice(0, 300), seq, options: file && { file } }, editing: null });
}

export function edit(message) {
  setDraft(message.conv, { editing: message, reply: null, text: message.data });
}

export function canRecall(message) {
  if (isPending(message) || message.isremove || message.type === "notice") return false;
  const isFresh = Date.now() - message.create_time < RECALL_WITHIN_MS;
  if (message.from_id === me.peek()?.id && isFresh) return true;
  if (message.chat_type !== "group") return false;
  const group = groupOf(message.to_id);
  const role = group.me?.role ?? 0;
  return role === OWNER || (role === ADMINISTRATOR && group.owner_id !== message.from_id);
}

export function canEdit(message) {
  const isMine = message.from_id === me.peek()?.id && message.type === "text";
  return isMine && !isPending(message) && !message.isremove && Date.now() - message.create_time < EDIT_WITHIN_MS;
}

export function recall(message) {
  if (message.type === "text" && message.from_id === me.peek()?.id) takenBack.set(message.id, message.data);
  return attempt(client.request("recall", { id: message.id }).then(take));
}

/** The text of a message that one took back in this session. */
export function takenBackText(id) {
  return takenBack.get(id);
}

export async function copy(message) {
  try {
    await navigator.clipboard.writeText(message.data);
    toast(t("copied"));
  } catch {
    toast(t("notCopied"));
  }
}

/** Send a message again, to another conversation. */
export function forward(message, conversation) {
  const { type, data, options } = message;
  const { duration_ms, waveform } = options ?? {};
  const kept = { forward_of: message.id, ...(duration_ms && { duration_ms, waveform }) };
  client.send({ ...addressOf(conversation), type, data, options: kept });
}

/** "pin", "quiet" or "hide" a conversation. */
export async function mark(conversation, what, on) {
  const body = what === "hide" ? { conv: conversation.conv } : { conv: conversation.conv, on };
  const row = await attempt(client.call("POST", `/chat/conversations/${what}`, body));
  if (!row) return;
  conversation.mark(row);
  conversation.changed();
  listChanged();
}

/** Who wrote a message, as they are called there. */
export function authorOf({ conv, from_id }) {
  return conv.startsWith("g:") ? memberOf(Number(conv.slice(2)), from_id) : undefined;
}

/** Wait for what the server is asked; where it says no, say why. */
export async function attempt(promise) {
  try {
    return await promise;
  } catch (error) {
    toast(errorText(error));
    return null;
  }
}

function isPending({ state }) {
  return state !== undefined;
}

/** An entry or message that came as an answer, not as a push. */
function take(message) {
  const conversation = find(message.conv);
  if (!conversation) return;
  if (message.type === "recall" || message.type === "edit") conversation.take(message, me.peek().id);
  else conversation.window.push({ ...message, type: "edit", options: { target: message.id, edit_time: message.edit_time } });
  conversation.changed();
  listChanged();
}
