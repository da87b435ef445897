/** What the page shows, and who wants to know when it changes. */

import { Conversation } from "./conversation.js";

export class Store {
  me = null; // {id, username, nickname, avatar} when logged in
  notice = null; // why we are not: {code, text, canReturn}
  connection = { name: "idle", attempt: 0 };
  conversations = new Map(); // conv -> Conversation
  listLoaded = false;
  open = null; // the conv on the screen
  online = new Set(); // ids of users

  #listeners = new Set();
  #scheduled = false;

  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Something changed; listeners hear of it once a turn. */
  changed() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      for (const listener of this.#listeners) listener();
    });
  }

  /** Forget everything about whoever was logged in. */
  reset() {
    this.me = null;
    this.conversations = new Map();
    this.listLoaded = false;
    this.open = null;
    this.online = new Set();
    this.changed();
  }

  /** The conversation *conv*, made with *peer* if it is new here. */
  conversation(conv, peer) {
    let conversation = this.conversations.get(conv);
    if (!conversation && peer) {
      conversation = new Conversation(conv, peer);
      this.conversations.set(conv, conversation);
    }
    return conversation;
  }

  /** The list of conversations, newest first. */
  listed() {
    return [...this.conversations.values()]
      .filter(({ listed }) => listed)
      .sort((a, b) => (b.last?.create_time ?? 0) - (a.last?.create_time ?? 0));
  }

  /** Whether a user is on line, as far as we can know. */
  isOnline(id) {
    return this.connection.name === "online" && this.online.has(id);
  }

  get unread() {
    return this.listed().reduce((sum, { unread }) => sum + unread, 0);
  }
}
