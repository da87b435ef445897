/** What the page knows about one conversation. */

import { signal } from "@preact/signals";
import { CHANGE_TYPES, MessageWindow } from "./message_window.js";

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
  gone = ""; // why the user is no longer a member: "left", "removed", "dissolved"
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
