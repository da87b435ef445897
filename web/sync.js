/**
 * Keeps what the page holds in step with the server.
 *
 * A push may be lost, so nothing here trusts that all of them came: whatever is missing shows
 * in the seqs and is fetched, after every new connection and whenever a message leaves a gap.
 */

import { CHANGES, peerOf } from "./conversation.js";

const PAGE = 50;
const MOST_MISSED = 500; // more than that: start again from the newest page

export class Sync {
  #store;
  #api;
  #request;
  #onIncoming;
  #loading = new Map(); // conv -> promise of its newest page
  #filling = new Set(); // convs whose gap is being filled
  #reading = false; // the newest message of the open chat is in sight

  constructor({ store, api, request, onIncoming }) {
    this.#store = store;
    this.#api = api;
    this.#request = request;
    this.#onIncoming = onIncoming;
    document.addEventListener("visibilitychange", () => this.#markRead());
    addEventListener("focus", () => this.#markRead());
  }

  /** Catch up after a new connection; if it is lost again meanwhile, the next one does. */
  async run() {
    try {
      await this.#loadList();
      const held = [...this.#store.conversations.values()].filter(({ loaded }) => loaded);
      await Promise.all(held.map((conversation) => this.#fillGap(conversation)));
      await this.#loadOpen();
    } catch (error) {
      report(error);
    }
  }

  /** Show a conversation (null: none) and load what it needs. */
  async show(conv) {
    if (this.#store.open === conv) return;
    this.#reading = false;
    this.#store.open = conv;
    this.#store.changed();
    if (this.#store.connection.name !== "online") return; // when it is, run() comes
    try {
      await this.#loadOpen();
      this.#watchPresence();
    } catch (error) {
      report(error);
    }
  }

  /** Load the page before the oldest message held. */
  async loadOlder(conversation) {
    if (!conversation.hasOlder || conversation.loadingOlder) return;
    conversation.loadingOlder = true;
    try {
      const before = conversation.messages[0].seq;
      const { messages, more } = await this.#api.history(conversation.conv, { before, limit: PAGE });
      conversation.prepend(messages, more);
    } catch (error) {
      report(error); // scrolling asks again
    } finally {
      conversation.loadingOlder = false;
      this.#store.changed();
    }
  }

  /** The newest message of the open chat came into sight, or left it. */
  setReading(reading) {
    this.#reading = reading;
    this.#markRead();
  }

  /** A push came. */
  frame(type, data) {
    if (type === "message") this.take(data);
    else if (type === "receipt") this.#receipt(data);
    else if (type === "presence") this.#setOnline(data.user_id, data.online);
    else if (type === "sync") this.run();
  }

  /** Take a message that was pushed, or stored for us. */
  take(message) {
    if (message.chat_type !== "single") return; // nor what is said in them
    const conversation = this.#store.conversation(message.conv);
    if (!conversation) return this.#takeFirst(message).catch(report);
    const isNew = message.seq > conversation.lastSeq;
    conversation.add(message);
    if (isNew && this.#isTheirs(message)) {
      if (!CHANGES.includes(message.type)) conversation.unread++;
      this.#onIncoming(message, conversation);
    }
    this.#store.changed();
    if (conversation.behind) this.#fillGap(conversation);
    else this.#caughtUp(conversation);
  }

  /** A message of a conversation we did not know: only the list says with whom it is. */
  async #takeFirst(message) {
    await this.#loadList();
    const conversation = this.#store.conversation(message.conv);
    if (!conversation) return;
    if (this.#isTheirs(message)) this.#onIncoming(message, conversation);
    this.#caughtUp(conversation);
  }

  #isTheirs(message) {
    return message.from_id !== this.#store.me?.id;
  }

  #receipt(receipt) {
    const mine = receipt.user_id === this.#store.me?.id;
    this.#store.conversation(receipt.conv)?.receipt(receipt, mine);
    this.#store.changed();
  }

  #setOnline(id, online) {
    this.#store.online[online ? "add" : "delete"](id);
    this.#store.changed();
  }

  async #loadList() {
    const { me } = this.#store;
    const rows = await this.#api.conversations();
    if (this.#store.me !== me) return; // somebody else logged in meanwhile
    for (const row of rows) {
      if (row.chat_type !== "single") continue; // this page cannot show groups yet
      const peer = row.peer ?? { id: peerOf(row.conv, me.id) ?? 0 };
      const conversation = this.#store.conversation(row.conv, peer);
      conversation.update(row);
      const { conv, readSeq } = conversation;
      if (row.read_seq < readSeq) this.#tell("read", { conv, seq: readSeq }); // it was lost
    }
    this.#store.listLoaded = true;
    this.#store.changed();
    this.#watchPresence();
  }

  async #loadOpen() {
    const { open } = this.#store;
    if (open && !this.#store.conversation(open)) await this.#meet(open);
    const conversation = this.#store.conversation(open);
    if (conversation) await this.#load(conversation);
  }

  /** Make the conversation *conv* (from the address bar), of which the list knows nothing. */
  async #meet(conv) {
    const { me } = this.#store;
    const id = peerOf(conv, me.id);
    if (id === null) return;
    const peer = await this.#api.user(id);
    if (this.#store.me === me) this.#store.conversation(conv, peer);
    this.#store.changed();
  }

  /** Load the newest page, once. */
  async #load(conversation) {
    if (conversation.loaded) return this.#markRead();
    const { conv } = conversation;
    if (!this.#loading.has(conv)) {
      const loading = this.#loadNewest(conversation).finally(() => this.#loading.delete(conv));
      this.#loading.set(conv, loading);
    }
    await this.#loading.get(conv);
  }

  async #loadNewest(conversation) {
    const range = { before: Number.MAX_SAFE_INTEGER, limit: PAGE };
    let page = { messages: [], more: false };
    try {
      page = await this.#api.history(conversation.conv, range);
    } catch (error) {
      const isNew = !conversation.listed && (error.status === 403 || error.status === 404);
      if (!isNew) throw error;
    }
    conversation.load(page.messages, page.more);
    this.#store.changed();
    this.#caughtUp(conversation);
    await this.#fillGap(conversation);
  }

  /** Fetch what is missing after the last message without a gap before it. */
  async #fillGap(conversation) {
    const { conv } = conversation;
    if (!conversation.behind || this.#filling.has(conv)) return;
    if (conversation.lastSeq - conversation.syncedSeq > MOST_MISSED) {
      conversation.loaded = false;
      return this.#load(conversation).catch(report);
    }
    this.#filling.add(conv);
    try {
      while (conversation.behind) {
        const upTo = conversation.lastSeq;
        const range = { after: conversation.syncedSeq, limit: PAGE };
        const { messages, more } = await this.#api.history(conv, range);
        messages.forEach((message) => conversation.add(message));
        conversation.synced(more ? messages.at(-1).seq : upTo);
        this.#store.changed();
      }
    } catch (error) {
      report(error); // the next message or connection tries again
    } finally {
      this.#filling.delete(conv);
    }
    this.#caughtUp(conversation);
  }

  /** Say that messages arrived, but never past one that did not. */
  #caughtUp(conversation) {
    const { conv, loaded, lastSeq, deliveredSeq, syncedSeq } = conversation;
    const seq = loaded ? syncedSeq : lastSeq === deliveredSeq + 1 ? lastSeq : 0;
    if (seq > deliveredSeq) {
      conversation.deliveredSeq = seq;
      this.#tell("delivered", { conv, seq });
    }
    this.#markRead();
  }

  #markRead() {
    const conversation = this.#store.conversation(this.#store.open);
    const looking = this.#reading && document.visibilityState === "visible" && document.hasFocus();
    if (!looking || !conversation?.loaded || conversation.behind) return;
    if (conversation.readSeq >= conversation.lastSeq) return;
    const { conv, lastSeq } = conversation;
    conversation.receipt({ read_seq: lastSeq }, true);
    this.#store.changed();
    this.#tell("read", { conv, seq: lastSeq });
  }

  #watchPresence() {
    const ids = [...this.#store.conversations.values()].map(({ peer }) => peer.id);
    const users = [...new Set(ids)].filter((id) => id !== 0);
    if (users.length === 0) return;
    this.#request("presence", { users }).then(({ online }) => {
      this.#store.online = new Set(online);
      this.#store.changed();
    }, () => {}); // lost: the next connection asks again
  }

  /** Send a cursor; one that is lost is overtaken by the next. */
  #tell(type, data) {
    this.#request(type, data).catch(() => {});
  }
}

/** What is temporary heals by itself; anything else is somebody's fault. */
function report(error) {
  if (!error.temporary) console.warn("yolk:", error);
}
