/** Drafts: unsent texts. They are saved in the browser. */

import { signal } from "@preact/signals";
import { me, onUserChange } from "./session.js";

const SAVE_MS = 400;
const EMPTY = { text: "", reply: null, editing: null, picked: [] };

const drafts = new Map(); // conv -> signal of {text, reply, editing, picked}: reply and editing are messages, picked the mentioned members: {id, name}
let owner = null;
let timer = 0;

onUserChange(() => {
  drafts.clear();
  owner = null;
});

/** Return the draft of a conversation, for a component. */
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
  timer = setTimeout(save, SAVE_MS);
}

export function clearDraft(conv) {
  setDraft(conv, EMPTY);
}

/** Delete the drafts of the user who logs out. */
export function forgetDrafts() {
  clearTimeout(timer);
  drafts.clear();
  write(null);
}

function slot(conv) {
  if (owner !== me.peek()?.id) load();
  if (!drafts.has(conv)) drafts.set(conv, signal(EMPTY));
  return drafts.get(conv);
}

function key() {
  return `yolk.page.drafts.${me.peek()?.id}`;
}

function load() {
  owner = me.peek()?.id;
  drafts.clear();
  try {
    const saved = JSON.parse(localStorage.getItem(key())) ?? {};
    for (const [conv, { text, reply, picked }] of Object.entries(saved))
      drafts.set(conv, signal({ ...EMPTY, text: String(text ?? ""), reply: reply ?? null, picked: picked ?? [] }));
  } catch {
    // Nothing was saved, or it cannot be read.
  }
}

function save() {
  const saved = [...drafts].map(([conv, { value }]) => [conv, value]).filter(([, { text, editing }]) => text && !editing);
  write(saved.length ? Object.fromEntries(saved.map(([conv, { text, reply, picked }]) => [conv, { text, reply, picked }])) : null);
}

function write(saved) {
  try {
    if (saved) localStorage.setItem(key(), JSON.stringify(saved));
    else localStorage.removeItem(key());
  } catch {
    // Storage is full or forbidden: drafts are kept until the page is closed.
  }
}

addEventListener("pagehide", save);
