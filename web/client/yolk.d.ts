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

/** What the server knows of a file that a message carries, in `options.file`. */
export interface FileInfo {
  id: string;
  /** What goes into the `data` of a message: `/files/<id>`. It opens only with a token or a signature. */
  url: string;
  name: string;
  /** Bytes. */
  size: number;
  /** Found from the content: `image/jpeg`. */
  type: string;
  /** Of pictures, in pixels. */
  width?: number;
  height?: number;
  /** Of pictures: a tiny picture as a `data:` address, to show until the real one is there. */
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

/** A message that was written and is not yet known to be stored. */
export interface OutboxEntry extends Draft {
  cid: string;
  conv: string;
  from_id: Id;
  create_time: number;
  state: "sending" | "failed";
  /** Why it failed: the server's text and code; code 1009 is "too big". */
  error?: { code: number; text: string };
}

export interface State {
  name: "idle" | "connecting" | "online" | "offline" | "refused";
  /** Tries since the last stable connection. */
  attempt: number;
  /** The socket is only being renewed: nothing to tell the user. */
  isQuiet: boolean;
  /** When offline: the time of the next try, in ms since 1970. */
  retryAt?: number;
  /** When refused: the close code or the code of the answer, and its text for people. */
  code?: number;
  text?: string;
}

export interface Events {
  /** The connection changed. */
  state: State;
  /** Who is logged in changed, in this tab or another: a Person, or null. */
  session: Person | null;
  /**
   * A message or entry that is new since the client started. Of one conversation they come in the
   * order of `seq`, each once and none missing, whatever happened to the connection. Those that
   * this client sent come too, when they are stored.
   */
  message: Message;
  /** More was missed than `maxMissed`: what follows begins anew after `seq`; load the page of history that you need. */
  gap: { conv: string; seq: number };
  /** One is no longer in the conversation. */
  gone: { conv: string };
  /** The client caught up after a connection: lists (conversations, presence) are worth a look. */
  synced: { conversations: Array<Record<string, unknown>> };
  receipt: { conv: string; user_id: Id; delivered_seq?: number; read_seq?: number };
  typing: { from_id: Id; to_id: Id; chat_type: "single" | "group" };
  presence: { user_id: Id; online: boolean };
  system: { event: string; [field: string]: unknown };
  /** What waits to be sent changed: the conv concerned. */
  outbox: { conv: string };
}

/** The part of a WebSocket that the client uses. */
export interface SocketLike {
  send(text: string): void;
  close(code?: number): void;
  /** Set by the client; wants {data}, a text. */
  onmessage: ((event: any) => void) | null;
  /** Set by the client; wants {code}. */
  onclose: ((event: any) => void) | null;
  /** Set, but of no use: a close follows. */
  onerror?: unknown;
}

/** The part of a Response that the client uses. */
export interface ResponseLike {
  status: number;
  headers: { get(name: string): string | null };
  json(): Promise<unknown>;
}

/** What the client asks fetch for. */
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
  /** Where the server is, such as "https://chat.example.com". By default where the page is from. */
  url?: string;
  /** Opens a socket; by default `new WebSocket(url)`. For mini-programs: an adapter of `uni.connectSocket`. */
  openSocket?: (url: string) => SocketLike;
  /** Sends a request; by default fetch. For mini-programs: an adapter of `uni.request`. */
  fetch?: (url: string, init: RequestInitLike) => Promise<ResponseLike>;
  /** Keeps the login, the outbox and (with `keepCursors`) the cursors; by default localStorage, else memory. */
  storage?: StorageLike;
  /** A token of another system (an Egg application's) instead of a login here: called whenever one is needed. */
  token?: () => string | Promise<string>;
  /** With `token`: whose it is. */
  me?: Partial<Person> & { id: Id };
  /** Resume after a restart of the program where the last one stopped (bots). By default false: begin with now. */
  keepCursors?: boolean;
  /** Say `delivered` for what was handed out. By default true. */
  acknowledge?: boolean;
  /** After so many missed messages of one conversation there is a `gap` instead. By default 500. */
  maxMissed?: number;
}

export interface UploadOptions {
  /** Bytes that the server has so far, and in all. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
  /** A folder that the server allows: `POST /upload/<folder>`. */
  folder?: string;
  name?: string;
}

/** The server said no (`code`, see docs/protocol.md), or could not be reached (`code` 0, `temporary`). */
export class YolkError extends Error {
  readonly code: number;
  /** The status of HTTP, or 0. */
  readonly status: number;
  readonly temporary: boolean;
}

export class Client {
  constructor(options?: Options);

  /** Who is logged in. */
  readonly me: Person | null;
  readonly state: State;

  /** Hear of an event; the answer ends it. A listener that throws is reported and disturbs nobody. */
  on<T extends keyof Events>(type: T, listener: (event: Events[T]) => void): () => void;

  register(fields: { username: string; password: string }): Promise<Person>;
  login(fields: { username: string; password: string }): Promise<Person>;
  /** End the login here at once, with what waits in the outbox, and on the server if it can be reached. */
  logout(): Promise<void>;

  /** Take up the stored login, if there is one, and connect. */
  start(): void;
  /** Close the socket and stay closed; the login stays. */
  stop(): void;
  /** Connect now, whatever the state: "try now", or "come back" after being logged in elsewhere. */
  connect(): void;

  /** Send a request of the protocol over the socket; rejects with YolkError. */
  request(type: string, data?: object): Promise<any>;
  /** Ask an HTTP address, such as `call("GET", "/users", { q: "ada" })`; the token renews itself. Rejects with YolkError. */
  call(method: string, path: string, parameters?: object): Promise<any>;

  /** A good token, for requests of one's own: `uni.uploadFile`. */
  token(): Promise<string>;

  /**
   * Queue a message. It is sent once, now or when there is a connection; `message` tells when it is stored.
   * Throws YolkError when 1,000 wait already, and when nobody is logged in.
   */
  send(draft: Draft): OutboxEntry;
  /** What waits or failed, in the order in which it was written. */
  outbox(conv?: string): OutboxEntry[];
  retry(cid: string): void;
  discard(cid: string): void;

  /**
   * A page of a conversation: before or after a seq; neither: the newest. Between the first such page and the
   * first `message` nothing is missing.
   */
  history(conv: string, range?: { before?: number; after?: number; limit?: number }): Promise<{ messages: Message[]; more: boolean }>;
  /** Everything up to *seq* was read. Sent when there is a connection; the furthest one counts. */
  read(conv: string, seq: number): void;

  /** Upload a file, piece by piece and on from where it was if the connection is lost meanwhile. */
  upload(file: Blob, options?: UploadOptions): Promise<FileInfo>;
  /** Signed addresses of files, good for a while: what `src` and `href` take. Asked for together, and kept until they end. */
  link(id: string, variant?: "thumbnail" | "download"): Promise<string>;
}

/** The name of the conversation of two users. */
export function convOfUsers(a: Id, b: Id): string;
/** The user at the other end of `s:<low>:<high>`, or null. */
export function peerOf(conv: string, me: Id): Id | null;
/** 128 random bits in hex. */
export function randomId(): string;
