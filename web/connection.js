/**
 * One socket that is kept open.
 *
 *   idle -> connecting -> online -> offline -> connecting -> ...
 *                  \_________\______ refused, until connect() is called again
 *
 * Online means that the server's `connected` frame came: from there on nothing is missed, so
 * that is the moment to sync. The numbers of the close codes say whether to come back.
 */

import { SessionOver } from "./api.js";

const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 15_000;
const STABLE_MS = 5_000; // online for this long: the next loss starts with the short delay again
const OPEN_TIMEOUT_MS = 15_000;
const ANSWER_TIMEOUT_MS = 20_000;
const SILENCE_MS = 25_000; // then we ask whether anybody is there
const PONG_TIMEOUT_MS = 5_000;
const WATCH_MS = 1_000;

const TOKEN_EXPIRED = 4009;
const TOO_BIG = 1009;
const BAD_TOKEN = 4502;

/** The server answered a request with `fail`. */
export class RequestFailed extends Error {
  constructor({ data, code, temporary }) {
    super(String(data));
    this.code = code;
    this.temporary = Boolean(temporary);
  }
}

/** The socket closed before the answer came: nobody knows whether the request was carried out. */
export class ConnectionLost extends Error {}

/** The answer would never come: the frame is larger than the server takes. */
export class TooBig extends Error {}

export class Connection {
  /** {name, attempt, isQuiet, retryAt?, code?, text?} */
  state = { name: "idle", attempt: 0, isQuiet: false };

  #api;
  #onState;
  #onFrame;
  #socket = null;
  #pending = new Map(); // id of the request -> {resolve, reject, sentAt, size}
  #lastId = 0;
  #attempt = 0; // tries since the last stable connection
  #isQuiet = false; // the socket is only being renewed: nothing to tell the user
  #tokenExpired = false;
  #ticketsRefused = 0;
  #slotMs = null; // when a draining server asked us to come back
  #maxMessageSize = Infinity;
  #failText = "";
  #openedAt = 0;
  #onlineAt = 0;
  #heardAt = 0;
  #askedAt = 0; // of the ping whose answer is due, or 0
  #retryTimer = 0;
  #watchTimer = 0;

  constructor({ api, onState, onFrame }) {
    this.#api = api;
    this.#onState = onState;
    this.#onFrame = onFrame;
    addEventListener("online", () => this.#awake());
    addEventListener("offline", () => this.#socket && this.#lost());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#awake();
    });
  }

  /** Open the socket now, whatever the state; from offline this is "try now". */
  connect() {
    this.#letGo();
    this.#open();
  }

  /** Close and stay closed. */
  disconnect() {
    this.#letGo();
    this.#attempt = 0;
    this.#set({ name: "idle" });
  }

  /**
   * Send a request and return the data of its answer.
   *
   * Throws RequestFailed, ConnectionLost or TooBig.
   */
  request(type, data) {
    if (this.state.name !== "online") return Promise.reject(new ConnectionLost());
    const id = ++this.#lastId;
    const frame = JSON.stringify({ id, type, data });
    const size = new TextEncoder().encode(frame).length;
    if (size > this.#maxMessageSize) return Promise.reject(new TooBig());
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, sentAt: Date.now(), size });
      this.#socket.send(frame);
    });
  }

  #set(state) {
    this.state = { ...state, attempt: this.#attempt, isQuiet: this.#isQuiet };
    this.#onState(this.state);
  }

  async #open() {
    const mark = (this.#socket = {}); // until the ticket is there: who replaces it, cancels
    this.#openedAt = Date.now();
    this.#failText = "";
    this.#watchTimer = setInterval(() => this.#watch(), WATCH_MS);
    this.#set({ name: "connecting" });
    let ticket;
    try {
      if (this.#tokenExpired) await this.#api.refresh();
      this.#tokenExpired = false;
      ticket = await this.#api.ticket();
    } catch (error) {
      if (mark !== this.#socket) return;
      const final = error instanceof SessionOver || error.status === 403;
      return final ? this.#refuse(error.code, error.message) : this.#lost();
    }
    if (mark !== this.#socket) return;
    const origin = location.origin.replace(/^http/, "ws");
    this.#listen(new WebSocket(`${origin}/ws?ticket=${encodeURIComponent(ticket)}`));
  }

  #listen(socket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => socket === this.#socket && this.#receive(data);
    socket.onclose = ({ code }) => socket === this.#socket && this.#closed(code);
  }

  #receive(text) {
    this.#heardAt = Date.now();
    this.#askedAt = 0;
    const frame = JSON.parse(text);
    if (frame.id !== undefined && frame.msg) return this.#answer(frame);
    if (frame.msg === "fail") this.#failText = String(frame.data);
    else if (frame.type === "connected") this.#connected(frame.data);
    else if (frame.type === "reconnect") this.#slotMs = frame.data.after_ms;
    else if (frame.type !== "pong") this.#onFrame(frame.type, frame.data);
  }

  #connected({ max_message_size }) {
    this.#maxMessageSize = max_message_size || Infinity;
    this.#ticketsRefused = 0;
    this.#onlineAt = Date.now();
    this.#set({ name: "online" });
  }

  #answer(frame) {
    const request = this.#pending.get(frame.id);
    this.#pending.delete(frame.id);
    if (frame.msg === "ok") request?.resolve(frame.data);
    else request?.reject(new RequestFailed(frame));
  }

  #closed(code) {
    if (code === TOKEN_EXPIRED) this.#tokenExpired = true;
    if (code === TOO_BIG) this.#giveUpLargest();
    // A ticket lives for seconds, and the store it lies in may lose it: one more try tells
    // whether it is really the login that is refused.
    const again = code === BAD_TOKEN && this.#ticketsRefused++ === 0;
    if (code >= 4500 && code < 5000 && !again) this.#refuse(code, this.#failText);
    else this.#lost({ atOnce: code === TOKEN_EXPIRED || again });
  }

  #giveUpLargest() {
    const [id, request] = [...this.#pending].sort(([, a], [, b]) => b.size - a.size)[0] ?? [];
    this.#pending.delete(id);
    request?.reject(new TooBig());
  }

  #refuse(code, text) {
    this.#letGo();
    this.#attempt = 0;
    this.#ticketsRefused = 0;
    this.#set({ name: "refused", code, text });
  }

  #lost({ atOnce = false } = {}) {
    if (this.#onlineAt && Date.now() - this.#onlineAt > STABLE_MS) this.#attempt = 0;
    this.#isQuiet = atOnce && this.#attempt === 0;
    let delay = this.#isQuiet ? 0 : backoff(this.#attempt);
    if (this.#slotMs !== null) delay = this.#slotMs;
    this.#letGo();
    this.#attempt++;
    this.#retryTimer = setTimeout(() => this.#open(), delay);
    this.#set({ name: "offline", retryAt: Date.now() + delay });
  }

  /** Forget the socket, its timers and its requests. */
  #letGo() {
    clearTimeout(this.#retryTimer);
    clearInterval(this.#watchTimer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close?.();
    this.#askedAt = this.#onlineAt = 0;
    this.#slotMs = null;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const request of pending) request.reject(new ConnectionLost());
  }

  /** Once a second: is the other side still there? (A dead network closes no socket.) */
  #watch() {
    const now = Date.now();
    if (this.state.name === "connecting") {
      if (now - this.#openedAt > OPEN_TIMEOUT_MS) this.#lost();
      return;
    }
    const [oldest] = this.#pending.values();
    if (this.#askedAt && now - this.#askedAt > PONG_TIMEOUT_MS) this.#lost();
    else if (oldest && now - oldest.sentAt > ANSWER_TIMEOUT_MS) this.#lost();
    else if (now - this.#heardAt > SILENCE_MS) this.#ask();
  }

  #ask() {
    if (this.#askedAt) return;
    this.#askedAt = Date.now();
    this.#socket.send(JSON.stringify({ type: "ping" }));
  }

  /** The network is back, or somebody looks at the page again. */
  #awake() {
    if (this.state.name === "offline") this.connect();
    else if (this.state.name === "online") this.#ask();
  }
}

/** Between half and all of 0.5 s, 1 s, 2 s, ... 15 s: a thousand pages must not come back at once. */
function backoff(attempt) {
  const most = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** (attempt + 1));
  return Math.max(BACKOFF_MIN_MS, most * (0.5 + Math.random() / 2));
}
