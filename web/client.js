/** What a user of the page can do: log in and out, open a chat, write. */

import { Api } from "./api.js";
import { Connection } from "./connection.js";
import { convOfUsers } from "./conversation.js";
import { Outbox } from "./outbox.js";
import { Session } from "./session.js";
import { Store } from "./store.js";
import { Sync } from "./sync.js";

const ELSEWHERE = 4503;
const TOO_MANY = 4504;

export class Client {
  store = new Store();
  outbox = null;
  /** Called with each message that another user sent just now, and its conversation. */
  onIncoming = () => {};

  #session = new Session();
  #api = new Api(this.#session);
  #connection = new Connection({
    api: this.#api,
    onState: (state) => this.#connectionState(state),
    onFrame: (type, data) => this.#sync.frame(type, data),
  });
  #sync = new Sync({
    store: this.store,
    api: this.#api,
    request: (type, data) => this.#connection.request(type, data),
    onIncoming: (...message) => this.onIncoming(...message),
  });
  #key = null; // of the login that this page runs with

  /** Take up the stored login, if there is one, and follow what other tabs do. */
  start() {
    this.#session.onChange(() => {
      this.#stop();
      this.#resume();
    });
    this.#resume();
  }

  /** "register" or "login"; throws ApiError. */
  async enter(how, fields) {
    await this.#api.enter(how, fields);
    this.#resume();
  }

  /** End the login here at once, and on the server if it can be reached. */
  async logout() {
    const session = this.#session.read();
    this.outbox.discardAll();
    this.#session.clear(this.#key);
    this.#stop();
    if (session) await this.#api.logout(session).catch(() => {});
  }

  /** Come back after "logged in elsewhere". */
  comeBack() {
    this.#resume();
  }

  tryNow() {
    this.#connection.connect();
  }

  search(text) {
    return this.#api.searchUsers(text);
  }

  /** The conv of the chat with *user*, which need not have a message yet. */
  chatWith(user) {
    const conv = convOfUsers(this.store.me.id, user.id);
    if (user.online) this.store.online.add(user.id);
    this.store.conversation(conv, user);
    return conv;
  }

  /** Show a conversation (null: none) and load what it needs. */
  show(conv) {
    return this.#sync.show(conv);
  }

  /** Load the page before the oldest message held. */
  loadOlder(conversation) {
    return this.#sync.loadOlder(conversation);
  }

  /** The newest message of the open chat came into sight, or left it. */
  setReading(reading) {
    this.#sync.setReading(reading);
  }

  send(conversation, text) {
    this.outbox.add({
      conv: conversation.conv,
      to_id: conversation.peer.id,
      chat_type: conversation.chatType,
      type: "text",
      data: text,
    });
  }

  #resume() {
    const session = this.#session.read();
    if (!session) return;
    this.#key = session.key;
    this.store.me = session.me;
    this.store.notice = null;
    this.outbox = new Outbox({
      userId: session.me.id,
      request: (type, data) => this.#connection.request(type, data),
      onStored: (message) => this.#sync.take(message),
      onChange: () => this.store.changed(),
    });
    this.store.changed();
    this.#connection.connect();
  }

  #stop(notice = null) {
    this.#connection.disconnect();
    this.outbox?.close(); // or it would go on over the next user's connection
    this.store.reset();
    this.store.notice = notice;
  }

  #connectionState(state) {
    this.store.connection = state;
    this.store.changed();
    if (state.name === "refused") this.#refused(state);
    if (state.name !== "online") return;
    this.outbox.resume();
    this.#sync.run();
  }

  #refused({ code, text }) {
    const canReturn = code === ELSEWHERE || code === TOO_MANY;
    if (!canReturn) this.#session.clear(this.#key);
    this.#stop({ code, text, canReturn });
  }
}
