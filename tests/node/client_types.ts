// Checked by tsc --strict against web/client/yolk.d.ts.
import { Client, convOfUsers, peerOf, randomId, YolkError } from "yolk-im-client";
import type { Events, FileInfo, Id, Message, Options, OutboxEntry, Person, SocketLike, StorageLike } from "yolk-im-client";

const kept = new Map<string, string>();
const storage: StorageLike = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => void kept.set(key, value),
  removeItem: (key) => void kept.delete(key),
  keys: () => [...kept.keys()],
};
const options: Options = {
  url: "http://127.0.0.1:7001",
  openSocket: (url): SocketLike => new WebSocket(url),
  fetch: (url, init) => fetch(url, init),
  storage,
  token: async () => "token",
  me: { id: 1 },
  keepCursors: true,
  acknowledge: false,
  maxMissed: 10,
};
const client = new Client(options);
const other = new Client();

const end: () => void = client.on("message", (message: Message) => message.seq.toFixed());
client.on("state", ({ name, retryAt }) => name === "offline" && retryAt?.toFixed());
client.on("session", (me: Person | null) => me?.username);
client.on("gap", ({ conv, seq }: Events["gap"]) => client.history(conv, { before: seq + 1, limit: 50 }));
client.on("system", ({ event, conv }) => `${event} ${conv}`);
// @ts-expect-error there is no such event
client.on("massage", () => {});

async function work(): Promise<FileInfo> {
  const me: Person = await other.login({ username: "ada", password: "correct horse" });
  const entry: OutboxEntry = client.send({ to_id: 2, data: "Hello", options: { reply_to: "x" } });
  // @ts-expect-error a message has data
  client.send({ to_id: 2 });
  if (entry.state === "failed" && entry.error?.code === 1009) client.discard(entry.cid);
  client.outbox(convOfUsers(me.id, 2)).forEach(({ cid }) => client.retry(cid));
  const { messages, more } = await client.history("g:7");
  if (more) client.read("g:7", messages[0]?.seq ?? 0);
  const peer: Id | null = peerOf("s:1:2", me.id);
  try {
    await client.request("typing", { to_id: peer });
    await client.call("GET", "/users", { q: randomId() });
  } catch (error) {
    if (error instanceof YolkError && !error.temporary) throw error;
  }
  const link: string = await client.link("x", "thumbnail");
  const token: string = await client.token();
  return client.upload(new Blob([link, token]), { onProgress: (done, total) => done / total, folder: "a" });
}

client.start();
void work().finally(() => {
  end();
  client.stop();
  client.connect();
  return client.logout();
});
