/**
 * A client of Yolk that loses nothing. Its methods are documented in yolk.d.ts.
 *
 * Client is the API; Http has the login, Connection the socket, Outbox what is sent, Feed what is received.
 */

const ANSWER_MS = 20_000;
const CONNECT_MS = 15_000;
const PING_AFTER_MS = 25_000; // of silence
const PONG_MS = 5_000;
const STABLE_MS = 5_000; // online: resets the backoff
const LINGER_MS = 50;
const PAGE_SIZE = 200;
const MAX_WAITING = 1_000; // messages in the outbox, requests in flight, links
const MIN_PIECE = 2 ** 18; // bytes of an upload
const MAX_PIECE = 2 ** 23;

const TOO_BIG = 1009;
const EXPIRED = 4009;
const BAD_TICKET = 4502;
const ELSEWHERE = 4503;

const SESSION = "yolk.session";

export class YolkError extends Error {
  name = "YolkError";

  constructor(text, { code = 0, status = 0, temporary = false, retryAfter = 0 } = {}) {
    super(text);
    Object.assign(this, { code, status, temporary: !!temporary, retryAfter });
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

// ---- The client

export class Client {
  #store;
  #http;
  #connection;
  #listeners = new Map();
  #login = null;
  #cursors = new Map(); // "read g:7" -> {type, conv, seq, isSent}
  #cursorTimer;
  #links = new Map();
  #batch = null;
  #token; // of the socket

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

  now() {
    return Date.now() + this.#connection.ahead;
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

  // -- login

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
    this.#useLogin(null);
    if (!refresh_token) return;
    await this.#http.send("POST", "/auth/logout", asJson({ token, refresh_token })).catch(() => {});
  }

  #useLogin(login) {
    if (login?.key === this.#login?.key) return;
    if (this.#login) {
      const { outbox, feed } = this.#login;
      outbox.isClosed = feed.isClosed = true; // the storage keeps the entries
      feed.save();
      this.#cursors.clear();
      this.#links.clear();
    }
    this.#login = login && { ...login, ...this.#make(login.me) };
    this.#emit("session", this.me);
  }

  #make(me) {
    const common = { ...this.options, me, store: this.#store, request: (...what) => this.request(...what) };
    const outbox = new Outbox({
      ...common,
      receive: (...message) => feed.receive(...message),
      onChange: (conv) => this.#emit("outbox", { conv }),
    });
    const feed = new Feed({
      ...common,
      emit: (type, event) => (type === "message" ? this.#deliver(event) : this.#emit(type, event)),
      dropUpTo: (conv, seq) => outbox.dropUpTo(conv, seq),
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
    this.#useLogin(this.#http.session);
    if (this.#login) this.#connection.connect();
  }

  async #open(isExpired, isCurrent) {
    if (isExpired) await this.#http.renew(await this.token());
    const { ticket } = await this.call("POST", "/auth/ticket");
    this.#token = await this.token();
    return isCurrent() && this.options.openSocket(`${this.#http.base.replace(/^http/, "ws")}/ws?ticket=${ticket}`);
  }

  #stateChanged(state) {
    this.#emit("state", state);
    if (this.state !== state) return;
    if (state.name === "refused" && state.code !== ELSEWHERE) {
      this.#http.forget(this.#login?.key);
      this.#useLogin(null);
    }
    if (state.name !== "online") return;
    this.#login.feed.sync();
    this.#login.outbox.resume();
    this.#sendCursors();
  }

  #received(type, data) {
    if (type === "message") this.#login.feed.receive(data);
    else if (type === "sync") this.#login.feed.sync();
    else if (type === "token") this.#renew().catch(() => {}); // 4009 follows
    else this.#emit(type, data);
  }

  async #renew() {
    await this.#http.renew(this.#token);
    const token = (this.#token = await this.token());
    await this.request("token", { token });
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
      path += given.map((pair, at) => (at ? "&" : "?") + pair.map((part) => encodeURIComponent(JSON.parse(toJson(`${part}`)))).join("=")).join("");
    } else init = asJson(parameters);
    return this.#http.data(await this.#http.ask(method, path, init));
  }

  // -- messages

  send(draft) {
    if (this.#login) return this.#login.outbox.add(draft);
    throw notLoggedIn();
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

  #deliver(message) {
    const { outbox, me } = this.#login;
    const { conv, seq, cid, from_id } = message;
    this.#emit("message", message);
    if (from_id === me.id) outbox.drop(cid);
    else if (this.options.acknowledge) this.#sendCursorSoon("delivered", conv, seq);
  }

  async history(conv, range) {
    const { feed } = this.#login ?? {};
    const wasReady = feed?.isReady;
    const ask = () => this.call("GET", "/chat/history", { conv, ...range });
    const page = await ask();
    if (range?.before || wasReady || !feed) return page;
    // Nothing may be missing between this page and the first push.
    const newest = page.messages.at(-1)?.seq ?? 0;
    if (feed.isReady) return feed.isPast(conv, newest) ? ask() : page;
    if (newest && !(range?.after && page.more)) feed.beginAfter(conv, newest);
    return page;
  }

  read(conv, seq) {
    this.#sendCursorSoon("read", conv, seq);
  }

  #sendCursorSoon(type, conv, seq) {
    const key = `${type} ${conv}`;
    if (seq <= this.#cursors.get(key)?.seq) return;
    this.#cursors.set(key, { type, conv, seq });
    this.#cursorTimer ??= setTimeout(() => this.#sendCursors(), LINGER_MS);
  }

  async #sendCursors() {
    clearTimeout(this.#cursorTimer);
    this.#cursorTimer = null;
    for (const cursor of this.#cursors.values()) {
      const { type, conv, seq, isSent } = cursor;
      if (isSent) continue;
      try {
        await this.request(type, { conv, seq });
      } catch ({ code, temporary }) {
        if (!code) return;
        if (temporary) return pause(backoff(0), true).then(() => this.#sendCursors());
      }
      cursor.isSent = true;
    }
  }

  // -- files

  /** By the tus protocol, https://tus.io */
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
    // The server may still be busy with the aborted piece.
    const remove = (attempt) =>
      ask("DELETE").catch(async ({ temporary }) => {
        if (!temporary || attempt > 12) return;
        await pause(backoff(attempt), true);
        return remove(attempt + 1);
      });
    let [address, done, failures, piece] = ["", 0, 0, MIN_PIECE];
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
          if (Date.now() - since < 1_000) piece = Math.min(piece * 2, MAX_PIECE);
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
        piece = MIN_PIECE;
        await pause(backoff(failures, error.retryAfter));
      }
    }
  }

  async link(id, variant) {
    let link = this.#links.get(id);
    if (!(link?.until > Date.now())) {
      link = { until: Infinity, answer: this.#requestLink(id) };
      this.#links.delete(id);
      this.#links.set(id, link);
      if (this.#links.size > MAX_WAITING) this.#links.delete(this.#links.keys().next().value);
    }
    try {
      const { links, expires_in } = await link.answer;
      if (link.until === Infinity) link.until = Date.now() + expires_in * 900;
      if (!links[id]) throw new YolkError("file not found", { code: 2060, status: 404 });
      const { url, thumbnail } = links[id];
      return this.#http.base + ((variant === "thumbnail" && thumbnail) || url) + (variant === "download" ? "&download=1" : "");
    } catch (error) {
      this.#links.delete(id);
      throw error;
    }
  }

  #requestLink(id) {
    if (!(this.#batch?.ids.length < 100)) {
      const batch = (this.#batch = { ids: [] });
      batch.answer = pause(LINGER_MS).then(() => {
        if (this.#batch === batch) this.#batch = null;
        return this.call("POST", "/files/links", { ids: batch.ids });
      });
    }
    this.#batch.ids.push(id);
    return this.#batch.answer;
  }
}

// ---- Login and HTTP

/** The only copy of the login is in the storage: other tabs change it. */
class Http {
  #renewing = null;

  constructor(store, { url, token, me, fetch: own }) {
    this.store = store;
    this.base = (url ?? globalThis.location?.origin ?? "").replace(/\/+$/, "");
    this.external = token && { key: me.id, me, token };
    this.fetch = own ?? ((...request) => fetch(...request));
  }

  get session() {
    return this.external ?? this.store.get(SESSION);
  }

  /** The same *key*: the same login, renewed. */
  keep({ token, refresh_token, expires_in, ...me }, key = randomId()) {
    this.store.set(SESSION, { key, me, token, refresh_token });
  }

  forget(key) {
    if (this.session?.key === key) this.store.remove(SESSION);
  }

  async token() {
    const token = this.external ? await this.external.token() : this.session?.token;
    if (token) return token;
    throw notLoggedIn();
  }

  async send(method, path, { headers, body, signal, patience = ANSWER_MS } = {}) {
    const limit = signal ?? globalThis.AbortSignal?.timeout?.(patience);
    const init = { method, headers, body, signal: limit, cache: "no-store" };
    const work = async () => {
      const response = await this.fetch(this.base + path, init);
      const answer = await response.json().catch(() => null);
      return { status: response.status, headers: response.headers, answer };
    };
    const late = pause(patience, true).then(() => Promise.reject(notConnected()));
    try {
      return await Promise.race([work(), late]);
    } catch (error) {
      throw new YolkError(String(error), { temporary: true });
    }
  }

  /** Send with a token; renew it and retry once after a 401. */
  async ask(method, path, init) {
    for (let again = true; ; again = false) {
      const token = await this.token();
      const reply = await this.send(method, path, { ...init, headers: { ...init?.headers, token } });
      if (reply.status !== 401 || !again) return reply;
      await this.renew(token);
    }
  }

  data({ status, headers, answer }) {
    let { msg, code, data = `HTTP ${status}`, temporary } = answer ?? {};
    if (msg === "ok") return data;
    temporary ||= status < 300 || status === 429 || status >= 500;
    throw new YolkError(data, { status, code, temporary, retryAfter: +headers.get("Retry-After") || 0 });
  }

  /** Renew the token, unless *used* is no longer the current one. */
  renew(used) {
    return (this.#renewing ??= this.#refresh(used).finally(() => (this.#renewing = null)));
  }

  /** Other tabs may refresh at the same time: the server answers them all alike. */
  async #refresh(used) {
    const { token, refresh_token, key } = this.session ?? {};
    if (this.external || !token || token !== used) return;
    const fresh = this.data(await this.send("POST", "/auth/refresh", asJson({ refresh_token })));
    if (this.session?.key === key) this.keep(fresh, key);
  }
}

// ---- The socket

/** Reopens the socket whenever it closes. */
class Connection {
  state = { name: "idle", attempt: 0, isQuiet: false };
  ahead = 0; // of the server's clock, ms

  #socket = null;
  #pending = new Map();
  #lastId = 0;
  #attempt = 0;
  #isQuiet = false;
  #isExpired = false;
  #ticketsRefused = 0;
  #returnAfter; // ms
  #maxSize;
  #closeText;
  #since = 0;
  #receivedAt = 0;
  #pingedAt = 0; // without a pong
  #retryTimer;
  #watchTimer;

  constructor(open, onState, onFrame) {
    Object.assign(this, { open, onState, onFrame });
    const { document, addEventListener } = globalThis;
    addEventListener?.("online", () => this.#wake());
    addEventListener?.("offline", () => this.#socket && this.#lost());
    document?.addEventListener("visibilitychange", () => document.hidden || this.#wake());
  }

  connect() {
    this.#reset();
    this.#open();
  }

  disconnect() {
    this.#reset();
    this.#attempt = 0;
    this.#isExpired = false;
    if (this.state.name !== "idle") this.#set("idle");
  }

  async request(type, data = {}) {
    if (this.state.name !== "online" || this.#socket.readyState > 1) throw notConnected();
    if (this.#pending.size >= MAX_WAITING) throw new YolkError("too many requests in flight", { code: 5002, temporary: true });
    const id = ++this.#lastId;
    const frame = toJson({ id, type, data });
    const size = encodeURIComponent(frame).replace(/%../g, "x").length;
    if (size > this.#maxSize) throw new YolkError("", { code: TOO_BIG });
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
    const mark = (this.#socket = {}); // replaced: cancelled
    const isCurrent = () => mark === this.#socket;
    this.#closeText = "";
    this.#watchTimer = setInterval(() => this.#watch(), 1_000);
    this.#set("connecting");
    try {
      const socket = await this.open(this.#isExpired, isCurrent);
      if (!socket) return;
      this.#isExpired = false;
      this.#socket = socket;
      socket.onmessage = ({ data }) => socket === this.#socket && this.#receive(JSON.parse(data));
      socket.onclose = ({ code }) => socket === this.#socket && this.#closed(code);
      socket.onerror = () => {}; // a close follows
    } catch ({ code, status, message, retryAfter }) {
      if (!isCurrent()) return;
      if (code && (status === 401 || status === 403)) this.#refuse(code, message);
      else this.#lost(false, retryAfter);
    }
  }

  #receive({ id, type, msg, data, code, temporary }) {
    this.#receivedAt = Date.now();
    this.#pingedAt = 0;
    if (msg && id !== undefined) {
      id ??= this.#pending.keys().next().value; // of the oldest: unreadable for the server
      const request = this.#pending.get(id);
      this.#pending.delete(id);
      if (msg === "ok") request?.resolve(data);
      else request?.reject(new YolkError(data, { code, temporary }));
    } else if (msg) this.#closeText = data;
    else if (type === "connected") {
      this.#maxSize = data.max_message_size || Infinity;
      this.ahead = data.server_time - Date.now() || 0;
      this.#ticketsRefused = 0;
      this.#set("online");
    } else if (type === "reconnect") this.#returnAfter = data.after_ms;
    else if (type !== "pong") this.onFrame(type, data);
  }

  #closed(code) {
    this.#isExpired = code === EXPIRED;
    if (code === TOO_BIG) {
      const [[id, request] = []] = [...this.#pending].sort(([, a], [, b]) => b.size - a.size);
      this.#pending.delete(id);
      request?.reject(new YolkError("", { code }));
    }
    // A ticket may get lost: try again before the login counts as refused.
    const again = code === BAD_TICKET && this.#ticketsRefused++ === 0;
    if (code >= 4500 && code < 5000 && !again) this.#refuse(code, this.#closeText);
    else this.#lost(again || this.#isExpired);
  }

  #refuse(code, text) {
    this.#reset();
    this.#attempt = this.#ticketsRefused = 0;
    this.#set("refused", { code, text });
  }

  #lost(atOnce = false, retryAfter) {
    if (this.state.name === "online" && Date.now() - this.#since > STABLE_MS) this.#attempt = 0;
    this.#isQuiet = atOnce && !this.#attempt;
    const delay = this.#returnAfter ?? (this.#isQuiet ? 0 : backoff(this.#attempt, retryAfter));
    this.#reset();
    this.#attempt++;
    this.#retryTimer = setTimeout(() => this.#open(), delay);
    this.#set("offline", { retryAt: Date.now() + delay });
  }

  #reset() {
    clearTimeout(this.#retryTimer);
    clearInterval(this.#watchTimer);
    const socket = this.#socket;
    const pending = this.#pending;
    this.#socket = this.#returnAfter = null;
    this.#pending = new Map();
    this.#pingedAt = 0;
    socket?.close?.();
    for (const request of pending.values()) request.reject(notConnected());
  }

  /** A dead network closes no socket. */
  #watch() {
    const past = (since, ms) => since && Date.now() - since > ms;
    const [oldest] = this.#pending.values();
    if (this.state.name === "connecting") {
      if (past(this.#since, CONNECT_MS)) this.#lost();
    } else if (past(this.#pingedAt, PONG_MS) || past(oldest?.sentAt, ANSWER_MS)) this.#lost();
    else if (past(this.#receivedAt, PING_AFTER_MS)) this.#ping();
  }

  #ping() {
    if (this.#pingedAt) return;
    this.#pingedAt = Date.now();
    this.#socket.send('{"type":"ping"}');
  }

  #wake() {
    if (this.state.name === "offline") this.connect();
    else if (this.state.name === "online") this.#ping();
  }
}

// ---- The outbox

/** Messages until they are delivered; sends one at a time in each conversation. */
class Outbox {
  entries = new Map(); // by cid

  #stored = new Map(); // cid -> seq: sent, not yet delivered
  #saved = new Set(); // cids in the storage
  #busy = new Set();
  #last = 0;

  constructor({ me, store, request, receive, onChange }) {
    Object.assign(this, { me, store, request, receive, onChange });
    this.prefix = `yolk.outbox.${me.id}.`;
    this.#restore();
  }

  add({ to_id, chat_type = "single", type = "text", data, options }) {
    if (this.entries.size >= MAX_WAITING) throw new YolkError("the outbox is full");
    const conv = chat_type === "group" ? `g:${to_id}` : convOfUsers(this.me.id, to_id);
    const create_time = Math.max(Date.now(), this.#last + 1); // keeps their order
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
    this.#saved.delete(cid);
    this.store.remove(this.prefix + cid);
    this.onChange(entry.conv);
  }

  dropUpTo(conv, seq) {
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
      if (this.#saved.has(cid) && !this.store.get(this.prefix + cid)) {
        // Another tab sent or discarded it.
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
        // If the server may have changed it, it is fetched.
        const isSure = !dup && !changed;
        if (this.receive({ from_id, ...draft, isremove: 0, ...place }, isSure)) this.dropUpTo(conv, place.seq);
      } catch (error) {
        const { code, message: text, temporary } = error;
        if (!code) break; // not connected
        if (temporary) await pause(backoff(failures++), true);
        else if (this.entries.has(cid)) this.#put({ ...entry, error: { code, text } });
      }
    }
    this.#busy.delete(conv);
  }

  #put(draft) {
    const entry = { ...draft, state: draft.error ? "failed" : "sending" };
    this.entries.set(entry.cid, entry);
    if (this.store.set(this.prefix + entry.cid, entry)) this.#saved.add(entry.cid);
    this.onChange(entry.conv);
    this.#drain(entry.conv);
    return entry;
  }

  #restore() {
    const found = this.store.keys(this.prefix).map((key) => this.store.get(key));
    for (const entry of found.filter(Boolean).sort((a, b) => a.create_time - b.create_time)) {
      if (this.entries.has(entry.cid)) continue;
      this.entries.set(entry.cid, entry);
      this.#saved.add(entry.cid);
      this.#last = Math.max(this.#last, entry.create_time);
      this.onChange(entry.conv);
    }
  }
}

// ---- The feed

/** Delivers messages in order, each once. A push after a gap is dropped, and fetched with the gap. */
class Feed {
  isReady; // the cursors are known

  #cursors; // conv -> seq: delivered up to there
  #ahead = new Map(); // conv -> {first, last}: known beyond the cursor
  #filling = new Map();
  #isAgain = false;
  #isSyncing = false;
  #saveTimer;

  constructor({ me, store, request, emit, dropUpTo, maxMissed, keepCursors }) {
    Object.assign(this, { me, store, request, emit, dropUpTo, maxMissed });
    this.key = keepCursors && `yolk.cursors.${me.id}`;
    const kept = keepCursors && store.get(this.key);
    this.#cursors = new Map(Object.entries(kept || {}));
    this.isReady = !!kept;
  }

  /** Not *isSure*: only note the seq. Returns true if it was delivered before. */
  receive(message, isSure = true) {
    const { conv, seq } = message;
    this.#beginChat(conv);
    const cursor = this.#cursors.get(conv);
    if (seq <= cursor) return true;
    if (isSure && this.isReady && seq === cursor + 1) this.#deliver(conv, [message]);
    else this.#noteAhead(conv, seq, isSure);
    if (this.#ahead.has(conv) && this.isReady) this.#fill(conv, LINGER_MS);
  }

  /** Begin after *seq*: history was loaded up to there before the first sync. */
  beginAfter(conv, seq) {
    if (!this.isReady && !this.#cursors.has(conv)) this.#setCursor(conv, seq);
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
        if (!error.code) continue; // the next connection syncs
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
    const limit = isFirst ? 1 : PAGE_SIZE / 4;
    const conversations = [];
    for (let page; page !== null; ) {
      const answer = await this.request("sync", { cursors, limit, ...(page && { page }) });
      if (this.isClosed) return;
      conversations.push(...answer.conversations);
      page = answer.next ?? null;
    }
    this.isReady = true;
    this.#saveSoon();
    for (const one of conversations) {
      const { conv, last_seq, join_seq, messages, more, gone } = one;
      delete one.messages;
      if (isFirst && !this.#cursors.has(conv)) {
        this.#setCursor(conv, Math.min(last_seq, (this.#ahead.get(conv)?.first ?? Infinity) - 1));
      }
      if (this.#cursors.get(conv) < join_seq) this.#setCursor(conv, join_seq);
      const missing = last_seq - this.#cursors.get(conv);
      if (gone) this.#leave(conv);
      else if (!(missing <= 0)) this.#noteAhead(conv, last_seq); // NaN: unknown so far
      if (conv in cursors && missing <= this.maxMissed) this.#deliver(conv, messages, more ? 0 : last_seq);
      this.dropUpTo(conv, this.#cursors.get(conv));
    }
    this.save();
    const filled = await Promise.all([...this.#ahead.keys()].map((conv) => this.#fill(conv)));
    if (filled.every(Boolean) && !this.isClosed) this.emit("synced", { conversations });
  }

  /** Fetch what is ahead; false: the connection is lost. */
  #fill(conv, delay = 0) {
    if (!this.#filling.has(conv)) {
      const work = this.#pull(conv, delay).finally(() => this.#filling.delete(conv));
      this.#filling.set(conv, work);
    }
    return this.#filling.get(conv);
  }

  async #pull(conv, delay) {
    if (delay) await pause(delay); // it may still be pushed
    for (let failures = 0; !this.isClosed && this.#ahead.has(conv); ) {
      this.#beginChat(conv);
      const after = this.#cursors.get(conv);
      const { last } = this.#ahead.get(conv);
      if (last - after > this.maxMissed) this.#skipTo(conv, last);
      else
        try {
          const { messages, more } = await this.request("pull", { conv, after, limit: PAGE_SIZE });
          if (this.isClosed || !this.#ahead.has(conv)) break;
          if (after === undefined) this.#beginGroup(conv, messages);
          else this.#deliver(conv, messages, more ? 0 : last);
          failures = 0;
        } catch (error) {
          if (!error.code) return false;
          if (error.temporary) await pause(backoff(failures++), true);
          else this.#leave(conv);
        }
    }
    return true;
  }

  /** An unknown chat of two is new. */
  #beginChat(conv) {
    if (this.isReady && !this.#cursors.has(conv) && conv.startsWith("s:")) this.#setCursor(conv, 0);
  }

  /** An unknown group begins when the user joined. */
  #beginGroup(conv, messages) {
    const { first, last } = this.#ahead.get(conv);
    const isJoin = (one) => isNotice("created", one) || isNotice("joined", one, this.me);
    const { seq } = messages.filter(isJoin).pop() ?? { seq: messages[0]?.seq === 1 ? 1 : first };
    if (seq < Infinity) this.#setCursor(conv, seq - 1);
    else this.#skipTo(conv, last);
  }

  /** Deliver messages; up to *end* there are no others. */
  #deliver(conv, messages, end = 0) {
    let isEnd = false;
    for (const message of messages) {
      if (this.isClosed) return; // a listener logged out
      if (message.seq <= this.#cursors.get(conv)) continue;
      this.#setCursor(conv, message.seq);
      this.emit("message", message);
      isEnd = isNotice("dissolved", message) || isNotice("left", message, this.me) || isNotice("removed", message, this.me);
    }
    if (end > this.#cursors.get(conv)) this.#setCursor(conv, end);
    if (isEnd) this.#leave(conv);
  }

  #noteAhead(conv, seq, isNew) {
    const { first = Infinity, last = 0 } = this.#ahead.get(conv) ?? {};
    this.#ahead.set(conv, { first: isNew ? Math.min(first, seq) : first, last: Math.max(last, seq) });
  }

  #setCursor(conv, seq) {
    this.#cursors.delete(conv);
    this.#cursors.set(conv, seq);
    if (this.#ahead.get(conv)?.last <= seq) this.#ahead.delete(conv);
    this.#saveSoon();
  }

  #saveSoon() {
    if (this.key) this.#saveTimer ??= setTimeout(() => this.save(), LINGER_MS);
  }

  #skipTo(conv, seq) {
    this.#setCursor(conv, seq);
    this.emit("gap", { conv, seq });
    this.dropUpTo(conv, seq);
  }

  #leave(conv) {
    this.#ahead.delete(conv);
    if (this.#cursors.delete(conv)) this.emit("gone", { conv });
    this.dropUpTo(conv, Infinity);
    this.#saveSoon();
  }
}

// ---- Storage

/** JSON in a storage, or in memory if it is full. */
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

// ---- Helpers

const report = (error) => console.error("yolk:", error);
const notLoggedIn = () => new YolkError("not logged in", { code: 3001, status: 401 });
const notConnected = () => new YolkError("not connected", { temporary: true });
const isNotice = (event, { type, options }, user) =>
  type === "notice" && options.event === event && (!user || options.users.includes(user.id));

/** Wait. An *idle* pause does not keep a program running. */
function pause(ms, isIdle) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    if (isIdle) timer.unref?.();
  });
}

/** With jitter: clients must not return all at once. */
const backoff = (attempt, retryAfter = 0) =>
  Math.max(Math.min(15, 2 ** attempt), Math.min(300, retryAfter) * 2) * (500 + Math.random() * 500);

/** A surrogate without its other half becomes U+FFFD: no server can read it. */
const toJson = (value) =>
  JSON.stringify(value).replace(/\\(ud[89a-f]..|.)/g, (all, [, isHalf]) => (isHalf ? "\ufffd" : all));

const asJson = (value) => ({ headers: { "Content-Type": "application/json" }, body: toJson(value) });
