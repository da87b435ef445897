/** What the page knows about one conversation, and the part of it whose messages are loaded. */

import { signal } from "@preact/signals";

/** Types of entries that change an earlier message. They are not shown themselves. */
export const CHANGE_TYPES = ["recall", "edit"];

class MessageWindow {
  messages = [];
  isLoaded = false;
  hasOlder = false;
  hasNewer = false;

  #ids = new Set();
  #cids = new Set();

  /** Replace everything with a page. Messages pushed while the newest page was loading are kept. */
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

  /** Add a page before or after the loaded messages. */
  extend(page, { hasOlder = this.hasOlder, hasNewer = this.hasNewer }) {
    this.hasOlder = hasOlder;
    this.hasNewer = hasNewer;
    this.#put(page);
  }

  /** Add a pushed message, or apply the change that it describes. */
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

  /** Return whether the message with that seq is in the loaded part. */
  covers(seq) {
    const fromStart = !this.hasOlder || seq >= this.oldestSeq;
    return this.isLoaded && fromStart && (!this.hasNewer || seq <= this.newestSeq);
  }

  /** Return whether an own message is among the loaded ones. */
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
    if (!CHANGE_TYPES.includes(type) || !this.#ids.has(options?.target)) return;
    const at = this.messages.findIndex(({ id }) => id === options.target);
    const held = this.messages[at];
    if (type === "recall") this.messages = this.messages.with(at, { ...held, data: "", options: null, isremove: 1 });
    else if (!held.isremove && data && (held.edit_time ?? 0) <= options.edit_time)
      this.messages = this.messages.with(at, { ...held, data, edit_time: options.edit_time });
  }
}

/** Types of events: entries without a text to read. They do not count as unread. */
export const EVENT_TYPES = [...CHANGE_TYPES, "notice"];

export class Conversation {
  window = new MessageWindow();
  peerId = 0; // in a chat of two: the other user
  group = null; // in a group: {id, name, avatar, member_count}
  last = null;
  lastSeq = 0;
  readSeq = 0;
  unread = 0;
  isMentioned = false; // an unread message mentions the user
  mentionsCheckedSeq = 0; // the history was searched for mentions up to here
  peerReadSeq = 0;
  peerDeliveredSeq = 0;
  pinTime = 0;
  isQuiet = false;
  hiddenSeq = 0;
  updateTime = 0;
  isListed = false; // it is in the server's list, because it has a message
  gone = ""; // why nobody can write here: "left", "removed", "dissolved"; "unknown" or "nobody": it does not exist
  separatorSeq = null; // the last read seq when it was opened
  separatorCount = 0;

  #revision = signal(0);

  constructor(conv) {
    this.conv = conv;
    this.isGroup = conv.startsWith("g:");
    this.targetId = this.isGroup ? Number(conv.slice(2)) : 0;
  }

  /** Render the calling component again when this conversation changes. */
  subscribe() {
    return this.#revision.value;
  }

  notify() {
    this.#revision.value = this.#revision.peek() + 1;
  }

  /** Apply a row of the server's list. Cursors only go forward, because a push may have overtaken the row. */
  update(row) {
    this.isListed = true;
    this.gone = "";
    if (row.peer) this.peerId = this.targetId = row.peer.id;
    if (row.group) this.group = row.group;
    this.readSeq = Math.max(this.readSeq, row.read_seq ?? 0);
    this.peerReadSeq = Math.max(this.peerReadSeq, row.peer_read_seq ?? 0);
    this.peerDeliveredSeq = Math.max(this.peerDeliveredSeq, row.peer_delivered_seq ?? 0);
    this.applySettings(row);
    if (row.last_seq >= this.lastSeq) {
      this.lastSeq = row.last_seq;
      this.last = row.last ?? this.last;
      this.updateTime = row.update_time;
      this.unread = this.readSeq >= this.lastSeq ? 0 : row.unread;
    }
    this.notify();
  }

  /** Apply the user's settings: pinned, muted, hidden up to a seq. */
  applySettings({ pin_time, quiet, hidden_seq }) {
    this.pinTime = pin_time;
    this.isQuiet = Boolean(quiet);
    this.hiddenSeq = hidden_seq ?? 0;
  }

  /** Apply a pushed or just stored message. Returns whether it is a new message of somebody else. */
  apply(message, myId) {
    this.window.push(message);
    const isNew = message.seq > this.lastSeq;
    const isNews = isNew && message.from_id !== myId && !EVENT_TYPES.includes(message.type);
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
    this.notify();
    return isNews;
  }

  /** Mark everything up to *seq* as read by the user, here or on another device. */
  read(seq) {
    if (seq <= this.readSeq) return;
    this.readSeq = seq;
    if (seq >= this.lastSeq) {
      this.unread = 0;
      this.isMentioned = false;
    }
    this.notify();
  }

  /** Store up to which seq the other user has received and read. */
  receipt({ read_seq = 0, delivered_seq = 0 }) {
    this.peerReadSeq = Math.max(this.peerReadSeq, read_seq);
    this.peerDeliveredSeq = Math.max(this.peerDeliveredSeq, delivered_seq, read_seq);
    this.notify();
  }

  get isHidden() {
    return this.hiddenSeq > 0 && this.lastSeq <= this.hiddenSeq;
  }
}

/** Return whether a message mentions a user, or everybody. */
export function mentions({ options }, id) {
  const named = options?.mentions;
  return named === "all" || (Array.isArray(named) && named.includes(id));
}
