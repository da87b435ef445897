/** What was begun to be written, kept for each conversation until it is sent, over reloads too. */

import { signal } from "@preact/signals";
import { me, onLeave } from "./session.js";

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
