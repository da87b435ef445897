/**
 * What we hold of one conversation.
 *
 * The seqs of a conversation have no gaps, so order and what is missing can be seen from the
 * numbers alone: `syncedSeq` is the seq up to which, from the oldest message held, nothing is missing.
 */

/** Types of entries that change an earlier message. They are shown in it, and there is nothing of them to read. */
export const CHANGES = ["recall", "edit"];

export class Conversation {
  messages = []; // in seq order; from the first open on
  lastSeq = 0;
  readSeq = 0;
  deliveredSeq = 0;
  unread = 0;
  last = null;
  peerReadSeq = 0;
  peerDeliveredSeq = 0;
  loaded = false; // the newest page is here
  hasOlder = false;
  syncedSeq = 0;
  listed = false; // the server knows it: it has a message
  draft = "";

  #ids = new Set();
  #cids = new Set();

  constructor(conv, peer, chatType = "single") {
    this.conv = conv;
    this.peer = peer;
    this.chatType = chatType;
  }

  /** Take a row of the server's list. Cursors only go forward: a push may have overtaken it. */
  update(row) {
    this.listed = true;
    this.peer = row.peer ?? this.peer;
    this.chatType = row.chat_type;
    this.readSeq = Math.max(this.readSeq, row.read_seq ?? 0);
    this.deliveredSeq = Math.max(this.deliveredSeq, row.delivered_seq ?? 0);
    this.peerReadSeq = Math.max(this.peerReadSeq, row.peer_read_seq ?? 0);
    this.peerDeliveredSeq = Math.max(this.peerDeliveredSeq, row.peer_delivered_seq ?? 0);
    if (row.last_seq >= this.lastSeq) {
      this.lastSeq = row.last_seq;
      this.last = row.last ?? this.last;
      this.unread = this.readSeq >= this.lastSeq ? 0 : row.unread;
    }
  }

  /** Start with the newest page; what was pushed meanwhile stays. */
  load(messages, hasOlder) {
    const pushed = this.messages;
    this.messages = [];
    this.#ids.clear();
    this.#cids.clear();
    this.loaded = true;
    this.hasOlder = hasOlder;
    this.syncedSeq = 0;
    const newest = messages.at(-1)?.seq ?? 0;
    messages.forEach((message) => this.add(message));
    this.syncedSeq = newest;
    pushed.filter(({ seq }) => seq > newest).forEach((message) => this.add(message));
  }

  /** Add an older page before what is held. */
  prepend(messages, hasOlder) {
    this.hasOlder = hasOlder;
    const older = messages.filter(({ id }) => !this.#ids.has(id));
    older.forEach((message) => this.#remember(message));
    this.messages = [...older, ...this.messages];
  }

  /** Add a message that may be new; false if it is held already. */
  add(message) {
    this.listed = true;
    if (message.seq > this.lastSeq) {
      this.lastSeq = message.seq;
      this.last = message;
    }
    if (this.#ids.has(message.id)) return false;
    if (this.hasOlder && message.seq < this.messages[0]?.seq) return false; // of an older page
    this.#remember(message);
    const at = this.messages.findLastIndex(({ seq }) => seq < message.seq) + 1;
    this.messages = this.messages.toSpliced(at, 0, message);
    if (message.type === "recall") this.#recalled(message.options?.target);
    if (message.type === "edit") this.#edited(message);
    this.#advance(this.syncedSeq);
    return true;
  }

  /** Somebody took a message back: what is held of it goes, too. */
  #recalled(target) {
    this.messages = this.messages.map((held) => (held.id === target ? { ...held, data: "", isremove: 1 } : held));
  }

  /** Somebody changed a text: so do we what is held of it. An entry of a recalled message says nothing. */
  #edited({ data, options }) {
    const changed = (held) => held.id === options?.target && !held.isremove && data;
    this.messages = this.messages.map((held) => (changed(held) ? { ...held, data } : held));
  }

  /** The server has nothing more up to *seq*. */
  synced(seq) {
    this.#advance(Math.max(seq, this.syncedSeq));
  }

  /** Whether messages are missing that the server has. */
  get behind() {
    return this.loaded && this.syncedSeq < this.lastSeq;
  }

  /** Whether a message that we wrote is among those held. */
  hasCid(cid) {
    return this.#cids.has(cid);
  }

  /** Somebody has read or received up to a seq. */
  receipt({ read_seq = 0, delivered_seq = 0 }, mine) {
    if (mine) {
      this.readSeq = Math.max(this.readSeq, read_seq);
      this.deliveredSeq = Math.max(this.deliveredSeq, delivered_seq);
      if (this.readSeq >= this.lastSeq) this.unread = 0;
    } else {
      this.peerReadSeq = Math.max(this.peerReadSeq, read_seq);
      this.peerDeliveredSeq = Math.max(this.peerDeliveredSeq, delivered_seq, read_seq);
    }
  }

  #remember({ id, cid }) {
    this.#ids.add(id);
    if (cid) this.#cids.add(cid);
  }

  #advance(seq) {
    for (const message of this.messages) if (message.seq === seq + 1) seq++;
    this.syncedSeq = seq;
  }
}

/** The name of the conversation of two users, as the server forms it. */
export function convOfUsers(a, b) {
  return `s:${Math.min(a, b)}:${Math.max(a, b)}`;
}

/** The user at the other end of `s:<low>:<high>`, or null. */
export function peerOf(conv, me) {
  const [, low, high] = /^s:(\d+):(\d+)$/.exec(conv) ?? [];
  if (Number(low) === me) return Number(high);
  return Number(high) === me ? Number(low) : null;
}
