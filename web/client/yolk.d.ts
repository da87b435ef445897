/** Types of the Yolk client, `yolk.js`. The protocol itself is in docs/protocol.md. */

/** A user or a group: an integer. */
export type Id = number;

export interface Person {
  id: Id;
  username: string;
  nickname: string;
  avatar: string;
  online?: boolean;
}

/** What the server knows about the file of a message, in `options.file`. */
export interface FileInfo {
  id: string;
  /** The `data` of a message with the file: `/files/<id>`. It opens only with a token or a signature. */
  url: string;
  name: string;
  /** Bytes. */
  size: number;
  /** Detected from the content: `image/jpeg`. */
  type: string;
  /** Of pictures, in pixels. */
  width?: number;
  height?: number;
  /** Of pictures: a tiny picture as a `data:` address, to show until the real one is loaded. */
  blur?: string;
  /** Of pictures: there is a small copy at `/files/<id>/thumbnail`. */
  thumbnail?: boolean;
}

export interface Message {
  id: string;
  conv: string;
  seq: number;
  cid: string | null;
  from_id: Id;
  to_id: Id;
  chat_type: "single" | "group";
  type: string;
  data: string;
  options: Record<string, unknown> | null;
  create_time: number;
  isremove: 0 | 1;
  edit_time?: number;
}

export interface Draft {
  to_id: Id;
  chat_type?: "single" | "group";
  /** By default "text". */
  type?: string;
  data: string;
  options?: Record<string, unknown>;
}

/** A message that is not yet known to be stored. */
export interface OutboxEntry extends Draft {
  cid: string;
  conv: string;
  from_id: Id;
  create_time: number;
  state: "sending" | "failed";
  /** Why it failed: the server's text and code; code 1009: too large. */
  error?: { code: number; text: string };
}

export interface State {
  name: "idle" | "connecting" | "online" | "offline" | "refused";
  /** Attempts since the last stable connection. */
  attempt: number;
  /** The socket is only being renewed: show nothing to the user. */
  isQuiet: boolean;
  /** When offline: the time of the next attempt, in ms since 1970. */
  retryAt?: number;
  /** When refused: the close code or the code of the answer, and its text for people. */
  code?: number;
  text?: string;
}

export interface Events {
  /** The state of the connection changed. */
  state: State;
  /** The logged-in user changed, in this tab or another. Null: nobody. */
  session: Person | null;
  /**
   * A message or entry that is new since the client started. Those of one conversation are delivered
   * in the order of `seq`, each once and none missing, whatever happens to the connection. Messages
   * that this client sent are delivered too, when they are stored.
   */
  message: Message;
  /** More than `maxMissed` messages were missed. The next message comes after `seq`; load the history that you need. */
  gap: { conv: string; seq: number };
  /** The user is no longer in the conversation. */
  gone: { conv: string };
  /** The client has caught up after a connection: load lists (conversations, presence) again. */
  synced: { conversations: Array<Record<string, unknown>> };
  receipt: { conv: string; user_id: Id; delivered_seq?: number; read_seq?: number };
  typing: { from_id: Id; to_id: Id; chat_type: "single" | "group" };
  presence: { user_id: Id; online: boolean };
  system: { event: string; [field: string]: unknown };
  /** The outbox of a conversation changed. */
  outbox: { conv: string };
}

/** The part of a WebSocket that the client uses. */
export interface SocketLike {
  send(text: string): void;
  close(code?: number): void;
  /** Set by the client, called with {data}: a text. */
  onmessage: ((event: any) => void) | null;
  /** Set by the client, called with {code}. */
  onclose: ((event: any) => void) | null;
  /** Set, but not used: a close follows. */
  onerror?: unknown;
}

/** The part of a Response that the client uses. */
export interface ResponseLike {
  status: number;
  headers: { get(name: string): string | null };
  json(): Promise<unknown>;
}

/** The options that the client passes to fetch. */
export interface RequestInitLike {
  method: string;
  headers: Record<string, string>;
  /** A text, or a piece of a file. */
  body?: any;
  signal?: AbortSignal;
}

/** Synchronous storage of texts, as localStorage is. */
export interface StorageLike {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
  /** All keys. */
  keys(): string[];
}

export interface Options {
  /** The address of the server, such as "https://chat.example.com". By default the origin of the page. */
  url?: string;
  /** Opens a socket; by default `new WebSocket(url)`. For mini-programs: an adapter of `uni.connectSocket`. */
  openSocket?: (url: string) => SocketLike;
  /** Sends a request; by default fetch. For mini-programs: an adapter of `uni.request`. */
  fetch?: (url: string, init: RequestInitLike) => Promise<ResponseLike>;
  /** Stores the login, the outbox and (with `keepCursors`) the cursors; by default localStorage, else memory. */
  storage?: StorageLike;
  /** Returns a token of another system (an Egg application) instead of a login. Called whenever one is needed. */
  token?: () => string | Promise<string>;
  /** With `token`: the user of the token. */
  me?: Partial<Person> & { id: Id };
  /** Resume after a restart where the program stopped (for bots). By default false: begin with new messages. */
  keepCursors?: boolean;
  /** Send `delivered` for messages that were delivered to the listeners. By default true. */
  acknowledge?: boolean;
  /** If more messages of one conversation were missed, a `gap` is emitted instead. By default 500. */
  maxMissed?: number;
}

export interface UploadOptions {
  /** Called with the bytes that the server has, and the size. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
  /** A folder that the server allows: `POST /upload/<folder>`. */
  folder?: string;
  name?: string;
}

/** The server refused a request (`code`, see docs/protocol.md), or could not be reached (`code` 0, `temporary`). */
export class YolkError extends Error {
  readonly code: number;
  /** The HTTP status, or 0. */
  readonly status: number;
  readonly temporary: boolean;
  /** The seconds after which to try again, if the server says so; else 0. */
  readonly retryAfter: number;
}

export class Client {
  constructor(options?: Options);

  /** The logged-in user. */
  readonly me: Person | null;
  readonly state: State;

  /** The server's time now in ms, whatever this machine's clock says: compare it with `create_time`. */
  now(): number;

  /** Register a listener; returns a function that removes it. If a listener throws, the error is reported on the console. */
  on<T extends keyof Events>(type: T, listener: (event: Events[T]) => void): () => void;

  /** *altcha* is the solution of a challenge, where the server asks for a proof of work. */
  register(fields: { username: string; password: string; nickname?: string; altcha?: string }): Promise<Person>;
  login(fields: { username: string; password: string }): Promise<Person>;
  /** Log out at once: delete the login and the outbox here, and end the login on the server if it can be reached. */
  logout(): Promise<void>;

  /** Connect with the stored login, if there is one. */
  start(): void;
  /** Close the socket and do not reconnect. The login is kept. */
  stop(): void;
  /** Connect now, whatever the state: "try now", or reconnect after being logged in elsewhere. */
  connect(): void;

  /** Send a request of the protocol over the socket; rejects with YolkError. */
  request(type: string, data?: object): Promise<any>;
  /** Send an HTTP request, such as `call("GET", "/users", { q: "ada" })`; the token is renewed. Rejects with YolkError. */
  call(method: string, path: string, parameters?: object): Promise<any>;

  /** Return a valid token, for your own requests such as `uni.uploadFile`. */
  token(): Promise<string>;

  /**
   * Queue a message. It is sent once, now or when there is a connection; the event `message` follows when it is
   * stored. Throws YolkError if 1,000 messages are waiting, or nobody is logged in.
   */
  send(draft: Draft): OutboxEntry;
  /** Return the messages that wait or failed, in order. */
  outbox(conv?: string): OutboxEntry[];
  retry(cid: string): void;
  discard(cid: string): void;

  /**
   * Return a page of a conversation: before or after a seq; without either, the newest. Nothing is missing between
   * the first such page and the first `message`.
   */
  history(conv: string, range?: { before?: number; after?: number; limit?: number }): Promise<{ messages: Message[]; more: boolean }>;
  /** Mark everything up to *seq* as read. Sent when there is a connection; the highest seq counts. */
  read(conv: string, seq: number): void;

  /** Upload a file in pieces. It resumes after a lost connection. */
  upload(file: Blob, options?: UploadOptions): Promise<FileInfo>;
  /** Return a signed address of a file for `src` and `href`. Requested in batches, and cached until it expires. */
  link(id: string, variant?: "thumbnail" | "download"): Promise<string>;
}

/** Return the conv of two users. */
export function convOfUsers(a: Id, b: Id): string;
/** Return the other user of `s:<low>:<high>`, or null. */
export function peerOf(conv: string, me: Id): Id | null;
/** Return 128 random bits in hex. */
export function randomId(): string;
