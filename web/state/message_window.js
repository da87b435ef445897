/** The part of a conversation whose messages are loaded. */

/** Types of entries that change an earlier message. They are not shown themselves. */
export const CHANGE_TYPES = ["recall", "edit"];

export class MessageWindow {
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
