/** A client of Yolk that loses nothing. What its methods do stands in yolk.d.ts. */

const ANSWER_MS = 20_000;
const OPEN_MS = 15_000;
const SILENCE_MS = 25_000; // then we ping
const PONG_MS = 5_000;
const STABLE_MS = 5_000; // online for so long: backoff begins anew
const SPREAD_MS = 100; // until other tabs see what we wrote
const LOCK_MS = 30_000;
const GATHER_MS = 50;
const PAGE = 200;
const MOST = 1_000; // messages in the outbox, requests under way, links
const SMALL = 2 ** 18; // bytes of an upload at once
const LARGE = 2 ** 23;

const TOO_BIG = 1009;
const EXPIRED = 4009;
const BAD_TICKET = 4502;
const ELSEWHERE = 4503;

const SESSION = "yolk.session";
const LOCK = "yolk.refresh";

export class YolkError extends Error {
  name = "YolkError";

  constructor(text, { code = 0, status = 0, temporary = false } = {}) {
    super(text);
    Object.assign(this, { code, status, temporary: !!temporary });
  }
}

export const convOfUsers = (a, b) => `s:${Math.min(a, b)}:${Math.max(a, b)}`;

export function peerOf(conv, me) {
  const [, low, high] = /^s:(\d+):(\d+)$/.exec(conv) ?? [];
  return +low === me ? +high : +high === me ? +low : null;
}

export function randomId() {
  const bytes = new Uint8Array(16);
  if (globalThis.crypto) crypto.getRandomValues(bytes);
  else bytes.forEach((_, at) => (bytes[at] = Math.random() * 256));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const report = (error) => console.error("yolk:", error);
const nobody = () => new YolkError("nobody is logged in", { code: 3001, status: 401 });
const offline = () => new YolkError("there is no connection", { temporary: true });
const is = (event, { type, options }, user) =>
  type === "notice" && options.event === event && (!user || options.users.includes(user.id));

/** Wait. A program does not stay for an *idle* pause alone. */
function pause(ms, isIdle) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    if (isIdle) timer.unref?.();
  });
}

/** With chance in it: a thousand clients must not come back at once. */
const backoff = (attempt) => Math.min(15_000, 1_000 * 2 ** attempt) * (0.5 + Math.random() / 2);

// ---- What is kept

/** JSON in a storage, or in memory where that has no room. */
class Store {
  #memory = new Map();

  constructor(storage) {
    try {
      this.storage = storage ?? (globalThis.document && localStorage);
    } catch {
      // forbidden
    }
    this.isShared = !storage && !!this.storage;
  }

  get(key) {
    try {
      return JSON.parse(this.storage?.getItem(key) ?? this.#memory.get(key) ?? null);
    } catch {
      return null;
    }
  }

  set(key, value) {
    const text = JSON.stringify(value);
    try {
      this.storage.setItem(key, text);
      return true;
    } catch {
      this.remove(key); // the old value would be wrong
      this.#memory.set(key, text);
    }
  }

  remove(key) {
    this.#memory.delete(key);
    this.storage?.removeItem(key);
  }

  keys(prefix) {
    const kept = this.isShared ? Object.keys(this.storage) : (this.storage?.keys() ?? []);
    return [...kept, ...this.#memory.keys()].filter((key) => key.startsWith(prefix));
  }
}

// ---- The login and HTTP

const asJson = (value) => ({ headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });

/** The storage has the only copy of the login: other tabs change it. */
class Http {
  #renewing = null;

  constructor(store, { url, token, me, fetch: own }) {
    this.store = store;
    this.base = (url ?? globalThis.location?.origin ?? "").replace(/\/+$/, "");
    this.foreign = token && { key: me.id, me, token };
    this.fetch = own ?? ((...request) => fetch(...request));
  }

  get session() {
    return this.foreign ?? this.store.get(SESSION);
  }

  /** A *key* says that it is the same login as before. */
  keep({ token, refresh_token, expires_in, ...me }, key = randomId()) {
    this.store.set(SESSION, { key, me, token, refresh_token });
  }

  forget(key) {
    if (this.session?.key === key) this.store.remove(SESSION);
  }

  async token() {
    const token = this.foreign ? await this.foreign.token() : this.session?.token;
    if (token) return token;
    throw nobody();
  }

  /** Give {status, headers, answer}, whatever the answer is. */
  async send(method, path, { headers, body, signal, patience = ANSWER_MS } = {}) {
    const limit = signal ?? globalThis.AbortSignal?.timeout?.(patience);
    const init = { method, headers, body, signal: limit, cache: "no-store" };
    const work = async () => {
      const response = await this.fetch(this.base + path, init);
      const answer = await response.json().catch(() => null);
      return { status: response.status, headers: response.headers, answer };
    };
    const late = pause(patience, true).then(() => Promise.reject(offline()));
    try {
      return await Promise.race([work(), late]);
    } catch (error) {
      throw new YolkError(String(error), { temporary: true });
    }
  }

  /** Send with a token, which is renewed once. */
  async ask(method, path, init) {
    for (let again = true; ; again = false) {
      const token = await this.token();
      const reply = await this.send(method, path, { ...init, headers: { ...init?.headers, token } });
      if (reply.status !== 401 || !again) return reply;
      await this.renew(token);
    }
  }

  data({ status, answer }) {
    const { msg, code, data = `HTTP ${status}`, temporary } = answer ?? {};
    if (msg === "ok") return data;
    throw new YolkError(data, { status, code, temporary: temporary || status < 300 || status === 429 || status >= 500 });
  }

  /** Unless *used* has been replaced already. */
  renew(used) {
    return (this.#renewing ??= this.#alone(async () => {
      const { token, refresh_token, key } = this.session ?? {};
      if (this.foreign || !token || token !== used) return;
      const fresh = this.data(await this.send("POST", "/auth/refresh", asJson({ refresh_token })));
      if (this.session?.key === key) this.keep(fresh, key);
      if (this.store.isShared) await pause(SPREAD_MS);
    }).finally(() => (this.#renewing = null)));
  }

  /** Run *work* while no other tab does: a refresh token is good once. */
  async #alone(work) {
    if (!this.store.isShared) return work();
    if (navigator.locks) return navigator.locks.request(LOCK, work);
    // Plain http has no locks. Next best is a note that is still ours when others had time to write theirs.
    const mine = randomId();
    for (;;) {
      const [owner, since] = this.store.get(LOCK) ?? [];
      if (owner === mine) return work().finally(() => this.store.remove(LOCK));
      if (!(Date.now() - since < LOCK_MS)) this.store.set(LOCK, [mine, Date.now()]);
      await pause(SPREAD_MS * (1 + Math.random()));
    }
  }
}

// ---- The socket

/** One socket that is kept open. */
class Connection {
  state = { name: "idle", attempt: 0, isQuiet: false };

  #socket = null;
  #pending = new Map();
  #lastId = 0;
  #attempt = 0;
  #isQuiet = false;
  #isExpired = false;
  #ticketsRefused = 0;
  #slot; // when the server wants us back
  #largest;
  #farewell;
  #since = 0;
  #heardAt = 0;
  #askedAt = 0; // of a ping without answer
  #retryTimer;
  #watchTimer;

  constructor(open, onState, onFrame) {
    Object.assign(this, { open, onState, onFrame });
    const { document, addEventListener } = globalThis;
    addEventListener?.("online", () => this.#awake());
    addEventListener?.("offline", () => this.#socket && this.#lost());
    document?.addEventListener("visibilitychange", () => document.hidden || this.#awake());
  }

  connect() {
    this.#letGo();
    this.#open();
  }

  disconnect() {
    this.#letGo();
    this.#attempt = 0;
    this.#isExpired = false;
    if (this.state.name !== "idle") this.#set("idle");
  }

  async request(type, data = {}) {
    if (this.state.name !== "online" || this.#socket.readyState > 1) throw offline(); // 2: closing
    if (this.#pending.size >= MOST) throw new YolkError("too much at once", { code: 5002, temporary: true });
    const id = ++this.#lastId;
    const frame = JSON.stringify({ id, type, data });
    let size = frame.length * 3; // at most; counted where it matters
    if (size > this.#largest) size = encodeURIComponent(frame).replace(/%../g, "x").length;
    if (size > this.#largest) throw new YolkError("", { code: TOO_BIG });
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, sentAt: Date.now(), size });
      this.#socket.send(frame);
    });
  }

  #set(name, more) {
    this.#since = Date.now();
    this.state = { name, attempt: this.#attempt, isQuiet: this.#isQuiet, ...more };
    this.onState(this.state);
  }

  async #open() {
    const mark = (this.#socket = {}); // who replaces it, cancels
    const isWanted = () => mark === this.#socket;
    this.#farewell = "";
    this.#watchTimer = setInterval(() => this.#watch(), 1_000);
    this.#set("connecting");
    try {
      const socket = await this.open(this.#isExpired, isWanted);
      if (!socket) return;
      this.#isExpired = false;
      this.#socket = socket;
      socket.onmessage = ({ data }) => socket === this.#socket && this.#receive(JSON.parse(data));
      socket.onclose = ({ code }) => socket === this.#socket && this.#closed(code);
      socket.onerror = () => {}; // a close follows
    } catch ({ code, status, message }) {
      if (!isWanted()) return;
      if (code && (status === 401 || status === 403)) this.#refuse(code, message);
      else this.#lost();
    }
  }

  #receive({ id, type, msg, data, code, temporary }) {
    this.#heardAt = Date.now();
    this.#askedAt = 0;
    if (msg && id !== undefined) {
      const request = this.#pending.get(id);
      this.#pending.delete(id);
      if (msg === "ok") request?.resolve(data);
      else request?.reject(new YolkError(data, { code, temporary }));
    } else if (msg) this.#farewell = data;
    else if (type === "connected") {
      this.#largest = data.max_message_size || Infinity;
      this.#ticketsRefused = 0;
      this.#set("online");
    } else if (type === "reconnect") this.#slot = data.after_ms;
    else if (type !== "pong") this.onFrame(type, data);
  }

  #closed(code) {
    this.#isExpired = code === EXPIRED;
    if (code === TOO_BIG) {
      const [[id, request] = []] = [...this.#pending].sort(([, a], [, b]) => b.size - a.size);
      this.#pending.delete(id);
      request?.reject(new YolkError("", { code }));
    }
    // A ticket may get lost: one more try tells whether it is the login that is refused.
    const again = code === BAD_TICKET && this.#ticketsRefused++ === 0;
    if (code >= 4500 && code < 5000 && !again) this.#refuse(code, this.#farewell);
    else this.#lost(again || this.#isExpired);
  }

  #refuse(code, text) {
    this.#letGo();
    this.#attempt = this.#ticketsRefused = 0;
    this.#set("refused", { code, text });
  }

  #lost(atOnce = false) {
    if (this.state.name === "online" && Date.now() - this.#since > STABLE_MS) this.#attempt = 0;
    this.#isQuiet = atOnce && !this.#attempt;
    const delay = this.#slot ?? (this.#isQuiet ? 0 : backoff(this.#attempt));
    this.#letGo();
    this.#attempt++;
    this.#retryTimer = setTimeout(() => this.#open(), delay);
    this.#set("offline", { retryAt: Date.now() + delay });
  }

  #letGo() {
    clearTimeout(this.#retryTimer);
    clearInterval(this.#watchTimer);
    const socket = this.#socket;
    const pending = this.#pending;
    this.#socket = this.#slot = null;
    this.#pending = new Map();
    this.#askedAt = 0;
    socket?.close?.();
    for (const request of pending.values()) request.reject(offline());
  }

  /** A dead network closes no socket. */
  #watch() {
    const past = (since, ms) => since && Date.now() - since > ms;
    const [oldest] = this.#pending.values();
    if (this.state.name === "connecting") {
      if (past(this.#since, OPEN_MS)) this.#lost();
    } else if (past(this.#askedAt, PONG_MS) || past(oldest?.sentAt, ANSWER_MS)) this.#lost();
    else if (past(this.#heardAt, SILENCE_MS)) this.#ask();
  }

  #ask() {
    if (this.#askedAt) return;
    this.#askedAt = Date.now();
    this.#socket.send('{"type":"ping"}');
  }

  #awake() {
    if (this.state.name === "offline") this.connect();
    else if (this.state.name === "online") this.#ask();
  }
}

// ---- What is to be sent

/** What was written, until its message was handed out. One of a conversation is under way at a time. */
class Outbox {
  entries = new Map(); // by cid

  #stored = new Map(); // cid -> seq: its message is on the way
  #kept = new Set(); // cids in the storage
  #busy = new Set();
  #last = 0;

  constructor({ me, store, request, take, onChange }) {
    Object.assign(this, { me, store, request, take, onChange });
    this.prefix = `yolk.outbox.${me.id}.`;
    this.#restore();
  }

  add({ to_id, chat_type = "single", type = "text", data, options }) {
    if (this.entries.size >= MOST) throw new YolkError("too much waits to be sent");
    const conv = chat_type === "group" ? `g:${to_id}` : convOfUsers(this.me.id, to_id);
    const create_time = Math.max(Date.now(), this.#last + 1); // their order
    const draft = { to_id, chat_type, type, data, options };
    const entry = { cid: randomId(), conv, from_id: this.me.id, create_time, ...draft };
    this.#last = create_time;
    return this.#put(entry);
  }

  retry(cid) {
    const { error, ...entry } = this.entries.get(cid) ?? {};
    if (error) this.#put(entry);
  }

  drop(cid) {
    const entry = this.entries.get(cid);
    if (!entry || this.isClosed) return;
    this.entries.delete(cid);
    this.#stored.delete(cid);
    this.#kept.delete(cid);
    this.store.remove(this.prefix + cid);
    this.onChange(entry.conv);
  }

  passed(conv, seq) {
    for (const [cid, place] of this.#stored) if (place <= seq && this.entries.get(cid).conv === conv) this.drop(cid);
  }

  resume() {
    this.#restore();
    for (const { conv } of this.entries.values()) this.#drain(conv);
  }

  async #drain(conv) {
    if (this.#busy.has(conv)) return;
    this.#busy.add(conv);
    const isNext = (entry) => entry.conv === conv && entry.state === "sending" && !this.#stored.has(entry.cid);
    let failures = 0;
    for (let entry; !this.isClosed && (entry = [...this.entries.values()].find(isNext)); ) {
      const { cid, from_id, to_id, chat_type, type, data, options = null } = entry;
      if (this.#kept.has(cid) && !this.store.get(this.prefix + cid)) {
        // Another tab discarded it, or sent it.
        this.#stored.set(cid, Infinity);
        pause(3_000, true).then(() => this.drop(cid));
        continue;
      }
      try {
        const draft = { cid, to_id, chat_type, type, data, options };
        const { dup, changed, ...place } = await this.request("send", draft);
        failures = 0;
        if (this.isClosed) break;
        if (this.entries.has(cid)) this.#stored.set(cid, place.seq);
        // What the server may have changed is fetched.
        const isSure = !dup && !changed;
        if (this.take({ from_id, ...draft, isremove: 0, ...place }, isSure)) this.passed(conv, place.seq);
      } catch (error) {
        const { code, message: text, temporary } = error;
        if (!code) break; // there is no connection
        if (temporary) await pause(backoff(failures++), true);
        else if (this.entries.has(cid)) this.#put({ ...entry, error: { code, text } });
      }
    }
    this.#busy.delete(conv);
  }

  #put(given) {
    const entry = { ...given, state: given.error ? "failed" : "sending" };
    this.entries.set(entry.cid, entry);
    if (this.store.set(this.prefix + entry.cid, entry)) this.#kept.add(entry.cid);
    this.onChange(entry.conv);
    this.#drain(entry.conv);
    return entry;
  }

  #restore() {
    const found = this.store.keys(this.prefix).map((key) => this.store.get(key));
    for (const entry of found.filter(Boolean).sort((a, b) => a.create_time - b.create_time)) {
      if (this.entries.has(entry.cid)) continue;
      this.entries.set(entry.cid, entry);
      this.#kept.add(entry.cid);
      this.#last = Math.max(this.#last, entry.create_time);
      this.onChange(entry.conv);
    }
  }
}

// ---- What came

/** Hands out what comes, in order and each once. A push that leaves a gap is let go, and fetched with it. */
class Feed {
  isReady; // the cursors are known

  #cursors; // conv -> seq: handed out up to there
  #ahead = new Map(); // conv -> {first, last}: heard of beyond it
  #filling = new Map();
  #isAgain = false;
  #isSyncing = false;
  #saveTimer;

  constructor({ me, store, request, emit, passed, maxMissed, keepCursors }) {
    Object.assign(this, { me, store, request, emit, passed, maxMissed });
    this.key = keepCursors && `yolk.cursors.${me.id}`;
    const kept = keepCursors && store.get(this.key);
    this.#cursors = new Map(Object.entries(kept || {}));
    this.isReady = !!kept;
  }

  /** Not *sure*: only the place counts. True: it is past. */
  take(message, isSure = true) {
    const { conv, seq } = message;
    this.#meet(conv);
    const cursor = this.#cursors.get(conv);
    if (seq <= cursor) return true;
    if (isSure && this.isReady && seq === cursor + 1) this.#takeAll(conv, [message]);
    else this.#heard(conv, seq, isSure);
    if (this.#ahead.has(conv) && this.isReady) this.#fill(conv, GATHER_MS);
  }

  /** Where the news begin, for who read so far before the first sync. */
  learn(conv, seq) {
    if (!this.isReady && !this.#cursors.has(conv)) this.#move(conv, seq);
  }

  isPast(conv, seq) {
    return this.#cursors.get(conv) > seq;
  }

  async sync() {
    this.#isAgain = true;
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    for (let failures = 0; this.#isAgain && !this.isClosed; failures++) {
      this.#isAgain = false;
      try {
        await this.#catchUp();
      } catch (error) {
        if (!error.code) continue; // the next one syncs
        this.#isAgain = true;
        await pause(backoff(failures), true);
      }
    }
    this.#isSyncing = false;
  }

  save() {
    clearTimeout(this.#saveTimer);
    if (this.#saveTimer) this.store.set(this.key, Object.fromEntries(this.#cursors));
    this.#saveTimer = null;
  }

  async #catchUp() {
    const isFirst = !this.isReady;
    const cursors = Object.fromEntries([...this.#cursors].slice(-5_000));
    const { conversations } = await this.request("sync", { cursors, limit: isFirst ? 1 : PAGE / 4 });
    if (this.isClosed) return;
    this.isReady = true;
    this.#saveSoon();
    for (const one of conversations) {
      const { conv, last_seq, join_seq, messages, more, gone } = one;
      delete one.messages;
      if (isFirst && !this.#cursors.has(conv)) {
        this.#move(conv, Math.min(last_seq, (this.#ahead.get(conv)?.first ?? Infinity) - 1));
      }
      if (this.#cursors.get(conv) < join_seq) this.#move(conv, join_seq);
      const missing = last_seq - this.#cursors.get(conv);
      if (gone) this.#leave(conv);
      else if (!(missing <= 0)) this.#heard(conv, last_seq); // NaN: it is new to us
      if (conv in cursors && missing <= this.maxMissed) this.#takeAll(conv, messages, more ? 0 : last_seq);
      this.passed(conv, this.#cursors.get(conv));
    }
    this.save();
    const filled = await Promise.all([...this.#ahead.keys()].map((conv) => this.#fill(conv)));
    if (filled.every(Boolean) && !this.isClosed) this.emit("synced", { conversations });
  }

  /** Fetch what we heard of; false: the connection is lost. */
  #fill(conv, delay = 0) {
    if (!this.#filling.has(conv)) {
      const work = this.#pull(conv, delay).finally(() => this.#filling.delete(conv));
      this.#filling.set(conv, work);
    }
    return this.#filling.get(conv);
  }

  async #pull(conv, delay) {
    if (delay) await pause(delay); // it may be on the way
    for (let failures = 0; !this.isClosed && this.#ahead.has(conv); ) {
      this.#meet(conv);
      const after = this.#cursors.get(conv);
      const { last } = this.#ahead.get(conv);
      if (last - after > this.maxMissed) this.#skip(conv, last);
      else
        try {
          const { messages, more } = await this.request("pull", { conv, after, limit: PAGE });
          if (this.isClosed || !this.#ahead.has(conv)) break;
          if (after === undefined) this.#begin(conv, messages);
          else this.#takeAll(conv, messages, more ? 0 : last); // the rest was never for us
          failures = 0;
        } catch (error) {
          if (!error.code) return false;
          if (error.temporary) await pause(backoff(failures++), true);
          else this.#leave(conv);
        }
    }
    return true;
  }

  /** Of two: what we do not know is new. */
  #meet(conv) {
    if (this.isReady && !this.#cursors.has(conv) && conv.startsWith("s:")) this.#move(conv, 0);
  }

  /** A group begins with our coming. */
  #begin(conv, messages) {
    const { first, last } = this.#ahead.get(conv);
    const isComing = (one) => is("created", one) || is("joined", one, this.me);
    const { seq } = messages.filter(isComing).pop() ?? { seq: messages[0]?.seq === 1 ? 1 : first };
    if (seq < Infinity) this.#move(conv, seq - 1);
    else this.#skip(conv, last);
  }

  /** Up to *end* there are no others. */
  #takeAll(conv, messages, end = 0) {
    let isEnd = false;
    for (const message of messages) {
      if (this.isClosed) return; // by a listener
      if (message.seq <= this.#cursors.get(conv)) continue;
      this.#move(conv, message.seq);
      this.emit("message", message);
      isEnd = is("dissolved", message) || is("left", message, this.me) || is("removed", message, this.me);
    }
    if (end > this.#cursors.get(conv)) this.#move(conv, end);
    if (isEnd) this.#leave(conv);
  }

  #heard(conv, seq, isNew) {
    const { first = Infinity, last = 0 } = this.#ahead.get(conv) ?? {};
    this.#ahead.set(conv, { first: isNew ? Math.min(first, seq) : first, last: Math.max(last, seq) });
  }

  #move(conv, seq) {
    this.#cursors.delete(conv); // the latest last
    this.#cursors.set(conv, seq);
    if (this.#ahead.get(conv)?.last <= seq) this.#ahead.delete(conv);
    this.#saveSoon();
  }

  #saveSoon() {
    if (this.key) this.#saveTimer ??= setTimeout(() => this.save(), GATHER_MS);
  }

  #skip(conv, seq) {
    this.#move(conv, seq);
    this.emit("gap", { conv, seq });
    this.passed(conv, seq);
  }

  #leave(conv) {
    this.#ahead.delete(conv);
    if (this.#cursors.delete(conv)) this.emit("gone", { conv });
    this.passed(conv, Infinity);
    this.#saveSoon();
  }
}

// ---- The client

export class Client {
  #store;
  #http;
  #connection;
  #listeners = new Map();
  #login = null;
  #told = new Map(); // "read g:7" -> {type, conv, seq, isSaid}
  #tellTimer;
  #links = new Map();
  #batch = null;

  constructor(options = {}) {
    this.options = { openSocket: (url) => new WebSocket(url), acknowledge: true, maxMissed: 500, ...options };
    this.#store = new Store(options.storage);
    this.#http = new Http(this.#store, this.options);
    this.#connection = new Connection(
      (...how) => this.#open(...how),
      (state) => this.#stateChanged(state),
      (type, data) => this.#received(type, data),
    );
    if (this.#store.isShared) addEventListener("storage", (event) => this.#storageChanged(event));
  }

  get me() {
    return this.#login?.me ?? null;
  }

  get state() {
    return this.#connection.state;
  }

  on(type, listener) {
    const mine = (event) => listener(event);
    if (!this.#listeners.has(type)) this.#listeners.set(type, new Set());
    this.#listeners.get(type).add(mine);
    return () => void this.#listeners.get(type).delete(mine);
  }

  #emit(type, event) {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) {
      try {
        listener(event)?.catch?.(report);
      } catch (error) {
        report(error);
      }
    }
  }

  // -- who

  register(fields) {
    return this.#enter("register", fields);
  }

  login(fields) {
    return this.#enter("login", fields);
  }

  async #enter(how, fields) {
    this.#http.keep(this.#http.data(await this.#http.send("POST", `/auth/${how}`, asJson(fields))));
    this.connect();
    return this.me;
  }

  async logout() {
    const { token, refresh_token } = this.#http.session ?? {};
    for (const { cid } of this.outbox()) this.discard(cid);
    this.#http.forget(this.#login?.key);
    this.#connection.disconnect();
    this.#takeUp(null);
    if (!refresh_token) return;
    await this.#http.send("POST", "/auth/logout", asJson({ token, refresh_token })).catch(() => {});
  }

  #takeUp(login) {
    if (login?.key === this.#login?.key) return;
    if (this.#login) {
      const { outbox, feed } = this.#login;
      outbox.isClosed = feed.isClosed = true; // the storage keeps what waits
      feed.save();
      this.#told.clear();
      this.#links.clear();
    }
    this.#login = login && { ...login, ...this.#make(login.me) };
    this.#emit("session", this.me);
  }

  #make(me) {
    const common = { ...this.options, me, store: this.#store, request: (...what) => this.request(...what) };
    const outbox = new Outbox({
      ...common,
      take: (...message) => feed.take(...message),
      onChange: (conv) => this.#emit("outbox", { conv }),
    });
    const feed = new Feed({
      ...common,
      emit: (type, event) => (type === "message" ? this.#handOut(event) : this.#emit(type, event)),
      passed: (conv, seq) => outbox.passed(conv, seq),
    });
    return { outbox, feed };
  }

  #storageChanged({ key }) {
    if ((key && key !== SESSION) || this.#http.session?.key === this.#login?.key) return;
    this.#connection.disconnect();
    this.connect();
  }

  // -- the connection

  start() {
    this.connect();
  }

  stop() {
    this.#connection.disconnect();
    this.#login?.feed.save();
  }

  connect() {
    this.#takeUp(this.#http.session);
    if (this.#login) this.#connection.connect();
  }

  async #open(isExpired, isWanted) {
    if (isExpired) await this.#http.renew(await this.token());
    const { ticket } = await this.call("POST", "/auth/ticket");
    return isWanted() && this.options.openSocket(`${this.#http.base.replace(/^http/, "ws")}/ws?ticket=${ticket}`);
  }

  #stateChanged(state) {
    this.#emit("state", state);
    if (this.state !== state) return; // a listener changed it
    if (state.name === "refused" && state.code !== ELSEWHERE) {
      this.#http.forget(this.#login?.key);
      this.#takeUp(null);
    }
    if (state.name !== "online") return;
    this.#login.feed.sync();
    this.#login.outbox.resume();
    this.#tell();
  }

  #received(type, data) {
    if (type === "message") this.#login.feed.take(data);
    else if (type === "sync") this.#login.feed.sync();
    else this.#emit(type, data);
  }

  token() {
    return this.#http.token();
  }

  request(type, data) {
    return this.#connection.request(type, data);
  }

  async call(method, path, parameters = {}) {
    let init;
    if (method === "GET") {
      const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
      path += given.map((pair, at) => (at ? "&" : "?") + pair.map(encodeURIComponent).join("=")).join("");
    } else init = asJson(parameters);
    return this.#http.data(await this.#http.ask(method, path, init));
  }

  // -- messages

  send(draft) {
    if (this.#login) return this.#login.outbox.add(draft);
    throw nobody();
  }

  outbox(conv) {
    const entries = [...(this.#login?.outbox.entries.values() ?? [])];
    return entries.filter((entry) => !conv || entry.conv === conv);
  }

  retry(cid) {
    this.#login?.outbox.retry(cid);
  }

  discard(cid) {
    this.#login?.outbox.drop(cid);
  }

  #handOut(message) {
    const { outbox, me } = this.#login;
    const { conv, seq, cid, from_id } = message;
    this.#emit("message", message);
    if (from_id === me.id) outbox.drop(cid);
    else if (this.options.acknowledge) this.#saySoon("delivered", conv, seq);
  }

  async history(conv, range) {
    const { feed } = this.#login ?? {};
    const wasReady = feed?.isReady;
    const ask = () => this.call("GET", "/chat/history", { conv, ...range });
    const page = await ask();
    if (range?.before || wasReady || !feed) return page;
    // Nothing may be missing between this page and the news.
    const newest = page.messages.at(-1)?.seq ?? 0;
    if (feed.isReady) return feed.isPast(conv, newest) ? ask() : page;
    if (newest && !(range?.after && page.more)) feed.learn(conv, newest);
    return page;
  }

  read(conv, seq) {
    this.#saySoon("read", conv, seq);
  }

  #saySoon(type, conv, seq) {
    const key = `${type} ${conv}`;
    if (seq <= this.#told.get(key)?.seq) return;
    this.#told.set(key, { type, conv, seq });
    this.#tellTimer ??= setTimeout(() => this.#tell(), GATHER_MS);
  }

  async #tell() {
    clearTimeout(this.#tellTimer);
    this.#tellTimer = null;
    for (const cursor of this.#told.values()) {
      const { type, conv, seq, isSaid } = cursor;
      if (isSaid) continue;
      try {
        await this.request(type, { conv, seq });
      } catch ({ code, temporary }) {
        if (!code) return;
        if (temporary) return pause(backoff(0), true).then(() => this.#tell());
      }
      cursor.isSaid = true;
    }
  }

  // -- files

  /** By tus (https://tus.io). */
  async upload(file, { onProgress, signal, folder, name = file.name ?? "file" } = {}) {
    const metadata = Object.entries({ filename: name, filetype: file.type, folder })
      .filter(([, value]) => value)
      .map(([key, value]) => `${key} ${btoa(String.fromCharCode(...new TextEncoder().encode(value)))}`);
    const creation = { "Upload-Length": `${file.size}`, "Upload-Metadata": metadata.join() };
    const ask = async (method, more, body) => {
      const headers = { "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", ...more };
      const reply = await this.#http.ask(method, `/upload/tus${address}`, { headers, body, signal, patience: 60_000 });
      return reply.status < 300 ? reply.headers : this.#http.data(reply);
    };
    // The server may still be at the piece that was just broken off.
    const remove = (attempt) =>
      ask("DELETE").catch(async ({ temporary }) => {
        if (!temporary || attempt > 12) return;
        await pause(backoff(attempt), true);
        return remove(attempt + 1);
      });
    let [address, done, failures, piece] = ["", 0, 0, SMALL];
    for (;;) {
      try {
        let headers = failures && address && (await ask("HEAD"));
        if (headers) done = +headers.get("Upload-Offset");
        if (!address || done < file.size) {
          const since = Date.now();
          const more = address ? { "Upload-Offset": `${done}` } : creation;
          headers = await ask(address ? "PATCH" : "POST", more, file.slice(done, done + piece));
          address ||= /\/[^/]+$/.exec(headers.get("Location"))[0];
          done = +headers.get("Upload-Offset");
          if (Date.now() - since < 1_000) piece = Math.min(piece * 2, LARGE);
        }
        failures = 0;
        onProgress?.(done, file.size);
        const id = headers.get("Upload-File");
        if (id) return await this.call("GET", `/files/${id}/info`);
      } catch (error) {
        if (signal?.aborted) {
          const { reason } = signal;
          signal = null;
          if (address) remove(0);
          throw reason;
        }
        const isGone = address && (error.status === 404 || error.status === 410);
        if (isGone) [address, done] = ["", 0];
        if (++failures > 12 || !(isGone || error.temporary || error.status === 409)) throw error;
        piece = SMALL;
        await pause(backoff(failures));
      }
    }
  }

  async link(id, variant) {
    let link = this.#links.get(id);
    if (!(link?.until > Date.now())) {
      link = { until: Infinity, answer: this.#ask(id) };
      this.#links.delete(id);
      this.#links.set(id, link);
      if (this.#links.size > MOST) this.#links.delete(this.#links.keys().next().value);
    }
    try {
      const { links, expires_in } = await link.answer;
      if (link.until === Infinity) link.until = Date.now() + expires_in * 900;
      if (!links[id]) throw new YolkError("there is no such file", { code: 2060, status: 404 });
      const { url, thumbnail } = links[id];
      return this.#http.base + ((variant === "thumbnail" && thumbnail) || url) + (variant === "download" ? "&download=1" : "");
    } catch (error) {
      this.#links.delete(id);
      throw error;
    }
  }

  /** Ask for several together. */
  #ask(id) {
    if (!(this.#batch?.ids.length < 100)) {
      const batch = (this.#batch = { ids: [] });
      batch.answer = pause(GATHER_MS).then(() => {
        if (this.#batch === batch) this.#batch = null;
        return this.call("POST", "/files/links", { ids: batch.ids });
      });
    }
    this.#batch.ids.push(id);
    return this.#batch.answer;
  }
}
