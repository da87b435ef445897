/** What a user can do with a message and with a conversation. */

import { t } from "../i18n/words.js";
import { clearDraft, peekDraft, setDraft } from "./drafts.js";
import { ADMINISTRATOR, groupOf, OWNER } from "./groups.js";
import { noteOwnMessage } from "./notifications.js";
import { client, me } from "./session.js";
import { find, listChanged } from "./store.js";
import { attempt, toast } from "./ui.js";

const RECALL_WITHIN_MS = 2 * 60_000;
const EDIT_WITHIN_MS = 15 * 60_000;

const recalledTexts = new Map(); // message id -> text

/** Return the recipient fields of a message to that conversation. */
export function recipientOf({ isGroup, targetId }) {
  return { to_id: targetId, chat_type: isGroup ? "group" : "single" };
}

/** Send the draft of a conversation, or edit the message that it belongs to. */
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
  client.send({ ...recipientOf(conversation), type: "text", data: text, ...(hasOptions && { options }) });
  noteOwnMessage();
}

/** Edit a text. If that fails, it is put back into the draft. */
async function change(message, text) {
  const changed = await attempt(client.request("edit", { id: message.id, data: text }));
  if (changed) applyAnswer(changed);
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
  const isFresh = client.now() - message.create_time < RECALL_WITHIN_MS;
  if (message.from_id === me.peek()?.id && isFresh) return true;
  if (message.chat_type !== "group") return false;
  const group = groupOf(message.to_id);
  const role = group.me?.role ?? 0;
  return role === OWNER || (role === ADMINISTRATOR && group.owner_id !== message.from_id);
}

export function canEdit(message) {
  const isMine = message.from_id === me.peek()?.id && message.type === "text";
  return isMine && !isPending(message) && !message.isremove && client.now() - message.create_time < EDIT_WITHIN_MS;
}

export function recall(message) {
  if (message.type === "text" && message.from_id === me.peek()?.id) recalledTexts.set(message.id, message.data);
  return attempt(client.request("recall", { id: message.id }).then(applyAnswer));
}

/** Return the text of a message that the user recalled in this session. */
export function recalledText(id) {
  return recalledTexts.get(id);
}

export async function copy(message) {
  toast(t((await copyText(message.data)) ? "copied" : "notCopied"));
}

/** Copy a text to the clipboard; return whether that worked. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

/** Copy as browsers did before they had `navigator.clipboard`, which plain HTTP does not have. */
function copySelected(text) {
  const area = document.createElement("textarea");
  const { activeElement } = document;
  area.value = text;
  area.readOnly = true; // no keyboard on phones
  area.className = "visually-hidden";
  const dialogs = document.querySelectorAll("dialog[open]");
  (dialogs[dialogs.length - 1] ?? document.body).append(area); // outside of a dialog nothing can be selected
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  activeElement?.focus?.();
  return isCopied;
}

/** Forward a message to another conversation. */
export function forward(message, conversation) {
  const { type, data, options } = message;
  const { duration_ms, waveform } = options ?? {};
  const kept = { forward_of: message.id, ...(duration_ms && { duration_ms, waveform }) };
  client.send({ ...recipientOf(conversation), type, data, options: kept });
}

/** Change a setting of a conversation: "pin", "quiet" or "hide". */
export async function changeSetting(conversation, what, on) {
  const body = what === "hide" ? { conv: conversation.conv } : { conv: conversation.conv, on };
  const row = await attempt(client.call("POST", `/chat/conversations/${what}`, body));
  if (!row) return;
  conversation.applySettings(row);
  conversation.notify();
  listChanged();
}


function isPending({ state }) {
  return state !== undefined;
}

/** Apply an entry or a message that came as an answer, not as a push. */
function applyAnswer(message) {
  const conversation = find(message.conv);
  if (!conversation) return;
  if (message.type === "recall" || message.type === "edit") conversation.apply(message, me.peek().id);
  else conversation.window.push({ ...message, type: "edit", options: { target: message.id, edit_time: message.edit_time } });
  conversation.notify();
  listChanged();
}
