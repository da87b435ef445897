/**
 * What we hold of one conversation, and the piece of it whose messages we have. Whoever reads `seen()` is
 * rendered anew when it changes.
 */

import { signal } from "@preact/signals";

/** Types of entries that change an earlier message. They are shown in it, and there is nothing of them to read. */
export const CHANGES = ["recall", "edit"];

export class MessageWindow {
  messages = [];
  isLoaded = false;
  hasOlder = false;
  hasNewer = false;

  #ids = new Set();
  #cids = new Set();

  /** Begin anew with a page. What was pushed while a newest page was on its way stays. */
  load(page, { hasOlder, hasNewer = false }) {
    const newest = page.at(-1)?.seq ?? 0;
    const pushed = hasNewer || this.isLoaded ? [] : this.messages.filter(({ seq }) => seq > newest);
    this.clear();
    this.isLoaded = true;
    this.hasOlder = hasOlder;
    this.hasNewer = hasNewer;
    this.#put([...page, ...pushed]);
  }

  clear() {
    this.messages = [];
    this.isLoaded = this.hasOlder = this.hasNewer = false;
    this.#ids.clear();
    this.#cids.clear();
  }

  /** Add a page before or after what is held. */
  extend(page, { hasOlder = this.hasOlder, hasNewer = this.hasNewer }) {
    this.hasOlder = hasOlder;
    this.hasNewer = hasNewer;
    this.#put(page);
  }

  /** Take a message that was pushed, or what it changes. */
  push(message) {
    if (this.hasNewer) this.#change(message);
    else if (!this.hasOlder || message.seq > (this.messages[0]?.seq ?? 0)) this.#put([message]);
  }

  get oldestSeq() {
    return this.messages[0]?.seq ?? 0;
  }

  get newestSeq() {
    return this.messages.at(-1)?.seq ?? 0;
  }

  find(id) {
    return this.#ids.has(id) ? this.messages.find((message) => message.id === id) : undefined;
  }

  /** Whether the message of that seq would be among these. */
  covers(seq) {
    const fromStart = !this.hasOlder || seq >= this.oldestSeq;
    return this.isLoaded && fromStart && (!this.hasNewer || seq <= this.newestSeq);
  }

  /** Whether a message that we wrote is among those held. */
  hasCid(cid) {
    return this.#cids.has(cid);
  }

  #put(page) {
    const fresh = page.filter(({ id }) => !this.#ids.has(id));
    for (const { id, cid } of fresh) {
      this.#ids.add(id);
      if (cid) this.#cids.add(cid);
    }
    if (fresh.length > 0) {
      const inOrder = fresh[0].seq > this.newestSeq;
      this.messages = [...this.messages, ...fresh];
      if (!inOrder) this.messages.sort((a, b) => a.seq - b.seq);
    }
    for (const message of page) this.#change(message);
  }

  /** Apply an entry that changes an earlier message. */
  #change({ type, data, options }) {
    if (!CHANGES.includes(type) || !this.#ids.has(options?.target)) return;
    const at = this.messages.findIndex(({ id }) => id === options.target);
    const held = this.messages[at];
    if (type === "recall") this.messages = this.messages.with(at, { ...held, data: "", options: null, isremove: 1 });
    else if (!held.isremove && data && (held.edit_time ?? 0) <= options.edit_time)
      this.messages = this.messages.with(at, { ...held, data, edit_time: options.edit_time });
  }
}

/** Entries in which there is nothing to read. */
export const ENTRIES = [...CHANGES, "notice"];

export class Conversation {
  window = new MessageWindow();
  peerId = 0; // of two: who the other is
  group = null; // of a group: {id, name, avatar, member_count}
  last = null;
  lastSeq = 0;
  readSeq = 0;
  unread = 0;
  isMentioned = false; // somebody said @me in what is unread
  lookedAtSeq = 0; // up to where one looked for that
  peerReadSeq = 0;
  peerDeliveredSeq = 0;
  pinTime = 0;
  isQuiet = false;
  hiddenSeq = 0;
  updateTime = 0;
  isListed = false; // the server knows it: it has a message
  gone = ""; // why one is no longer in it: "left", "removed", "dissolved"
  separatorSeq = null; // where the unread began when it was opened
  separatorCount = 0;

  #revision = signal(0);

  constructor(conv) {
    this.conv = conv;
    this.isGroup = conv.startsWith("g:");
    this.targetId = this.isGroup ? Number(conv.slice(2)) : 0;
  }

  /** Follow the changes of this conversation, from a component. */
  seen() {
    return this.#revision.value;
  }

  changed() {
    this.#revision.value = this.#revision.peek() + 1;
  }

  /** Take a row of the server's list. Cursors only go forward: a push may have overtaken it. */
  update(row) {
    this.isListed = true;
    this.gone = "";
    if (row.peer) this.peerId = this.targetId = row.peer.id;
    if (row.group) this.group = row.group;
    this.readSeq = Math.max(this.readSeq, row.read_seq ?? 0);
    this.peerReadSeq = Math.max(this.peerReadSeq, row.peer_read_seq ?? 0);
    this.peerDeliveredSeq = Math.max(this.peerDeliveredSeq, row.peer_delivered_seq ?? 0);
    this.mark(row);
    if (row.last_seq >= this.lastSeq) {
      this.lastSeq = row.last_seq;
      this.last = row.last ?? this.last;
      this.updateTime = row.update_time;
      this.unread = this.readSeq >= this.lastSeq ? 0 : row.unread;
    }
    this.changed();
  }

  /** Take how one wants to see it: pinned, quiet, hidden up to a seq. */
  mark({ pin_time, quiet, hidden_seq }) {
    this.pinTime = pin_time;
    this.isQuiet = Boolean(quiet);
    this.hiddenSeq = hidden_seq ?? 0;
  }

  /** Take a message that was pushed, or stored for us. Says whether it is news from somebody else. */
  take(message, myId) {
    this.window.push(message);
    const isNew = message.seq > this.lastSeq;
    const isNews = isNew && message.from_id !== myId && !ENTRIES.includes(message.type);
    if (isNew) {
      this.isListed = true;
      this.lastSeq = message.seq;
      this.updateTime = message.create_time;
      this.last = message;
    }
    if (isNews && message.seq > this.readSeq) {
      this.unread++;
      if (mentions(message, myId)) this.isMentioned = true;
    }
    this.changed();
    return isNews;
  }

  /** Everything up to *seq* was read by us, here or on another device. */
  read(seq) {
    if (seq <= this.readSeq) return;
    this.readSeq = seq;
    if (seq >= this.lastSeq) {
      this.unread = 0;
      this.isMentioned = false;
    }
    this.changed();
  }

  /** The other one has read or received up to a seq. */
  receipt({ read_seq = 0, delivered_seq = 0 }) {
    this.peerReadSeq = Math.max(this.peerReadSeq, read_seq);
    this.peerDeliveredSeq = Math.max(this.peerDeliveredSeq, delivered_seq, read_seq);
    this.changed();
  }

  get isHidden() {
    return this.hiddenSeq > 0 && this.lastSeq <= this.hiddenSeq;
  }
}

/** Whether a message calls somebody by name, or everybody. */
export function mentions({ options }, id) {
  const named = options?.mentions;
  return named === "all" || (Array.isArray(named) && named.includes(id));
}
