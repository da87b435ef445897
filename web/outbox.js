/**
 * What was written and is not yet known to be stored.
 *
 * A message stays here until the server answered for its cid. It goes out again after every
 * new connection, and after a reload of the page; the server knows the cid, so nothing is doubled.
 * One message of a conversation is under way at a time: that keeps the order when one must wait.
 */

import { ConnectionLost, TooBig } from "./connection.js";
import { errorText } from "./i18n.js";
import { randomId } from "./session.js";

const RETRY_MAX_MS = 15_000;

export class Outbox {
  #userId;
  #request;
  #onStored;
  #onChange;
  #entries = new Map(); // cid -> entry
  #busy = new Set(); // conversations with a message under way

  /** *request(type, data)* sends a frame; *onStored(message)* hears of each one stored. */
  constructor({ userId, request, onStored, onChange }) {
    this.#userId = userId;
    this.#request = request;
    this.#onStored = onStored;
    this.#onChange = onChange;
    this.#restore();
  }

  /** The entries of a conversation in the order they were written; state "sending" or "failed". */
  of(conv) {
    return [...this.#entries.values()].filter((entry) => entry.conv === conv);
  }

  add({ conv, to_id, chat_type, type, data }) {
    const written = { cid: randomId(), from_id: this.#userId, create_time: Date.now() };
    this.#save({ ...written, conv, to_id, chat_type, type, data, state: "sending" });
    this.#drain(conv);
  }

  retry(cid) {
    const { error, ...entry } = this.#entries.get(cid);
    this.#save({ ...entry, state: "sending" });
    this.#drain(entry.conv);
  }

  discard(cid) {
    this.#entries.delete(cid);
    localStorage.removeItem(this.#key(cid));
    this.#onChange();
  }

  discardAll() {
    for (const cid of [...this.#entries.keys()]) this.discard(cid);
  }

  /** Let go of the entries; the storage keeps them for the next login of this user. */
  close() {
    this.#entries.clear();
  }

  /** Send what is waiting: there is a connection again. */
  resume() {
    for (const { conv } of this.#entries.values()) this.#drain(conv);
  }

  async #drain(conv) {
    if (this.#busy.has(conv)) return;
    this.#busy.add(conv);
    let entry;
    let failures = 0;
    try {
      while ((entry = this.of(conv).find(({ state }) => state === "sending"))) {
        const outcome = await this.#send(entry);
        if (outcome === "lost") break;
        failures = outcome === "wait" ? failures + 1 : 0;
        if (outcome === "wait") await pause(Math.min(RETRY_MAX_MS, 500 * 2 ** failures));
      }
    } finally {
      this.#busy.delete(conv);
    }
  }

  async #send(entry) {
    const { cid, to_id, chat_type, type, data } = entry;
    let answer;
    try {
      answer = await this.#request("send", { cid, to_id, chat_type, type, data });
    } catch (error) {
      if (error instanceof ConnectionLost) return "lost";
      if (error.temporary) return "wait";
      const text = error instanceof TooBig ? null : errorText(error);
      this.#save({ ...entry, state: "failed", error: text });
      return "failed";
    }
    const { id, conv, seq, create_time } = answer;
    const stored = { id, conv, seq, create_time, options: {}, isremove: 0 };
    this.#onStored({ cid, from_id: entry.from_id, to_id, chat_type, type, data, ...stored });
    this.discard(cid);
    return "stored";
  }

  #save(entry) {
    this.#entries.set(entry.cid, entry);
    try {
      localStorage.setItem(this.#key(entry.cid), JSON.stringify(entry));
    } catch { /* the storage is full: the message lives as long as the page */ }
    this.#onChange();
  }

  #restore() {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.#key("")));
    const entries = keys.map((key) => JSON.parse(localStorage.getItem(key)));
    entries.sort((a, b) => a.create_time - b.create_time);
    for (const entry of entries) this.#entries.set(entry.cid, entry);
  }

  #key(cid) {
    return `yolk.outbox.${this.#userId}.${cid}`;
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
