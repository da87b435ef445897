// The client of web/client, controlled by lines: node yolk_client.mjs OPTIONS
//
// OPTIONS is JSON: options of Client, and `storage`: a file for the storage; `room`: its size in characters; `quick`: the
// factor by which waits before a retry are shortened. Input lines are {"id", "do": method, "with": [arguments]}; output
// lines are answers ({"id", "ok"} or {"id", "error"}) and events ({"event", "data"}).

import { openAsBlob, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import WebSocket from "ws";
import { Client } from "../../web/client/yolk.js";

const { storage: path, room = Infinity, quick = 1, ...options } = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

// Waits before a retry are at most 15 s; timeouts are longer, and are kept.
const { setTimeout } = globalThis;
globalThis.setTimeout = (work, ms, ...more) => setTimeout(work, ms <= 15_000 ? ms / quick : ms, ...more);

const kept = new Map(path ? readEntries() : []);
const storage = {
  getItem: (key) => kept.get(key) ?? null,
  setItem(key, value) {
    const used = [...kept].reduce((sum, [other, text]) => sum + (other === key ? 0 : text.length), 0);
    if (used + value.length > room) throw new Error("the quota is exceeded");
    kept.set(key, value);
    save();
  },
  removeItem(key) {
    kept.delete(key);
    save();
  },
  keys: () => [...kept.keys()],
};

function readEntries() {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return [];
  }
}

function save() {
  if (path) writeFileSync(path, JSON.stringify([...kept]));
}

const openSocket = (url) => new WebSocket(url);
const client = new Client({ ...options, storage, openSocket, ...(options.token && { token: () => options.token }) });

const TYPES = "state session message gap gone synced receipt typing presence system outbox".split(" ");
for (const type of TYPES) {
  client.on(type, (data) => {
    const more = type === "message" || type === "outbox" ? { outbox: client.outbox().map(({ cid }) => cid) } : {};
    say({ event: type, data, ...more });
  });
}

let stop; // cancels the upload

const actions = {
  throw_on: (type) => {
    client.on(type, () => {
      throw new Error("on purpose");
    });
    client.on(type, async () => {
      throw new Error("on purpose, later");
    });
  },
  storage: () => [...kept],
  upload_file: async (file, name, cutAfter) => {
    const progress = [];
    stop = new AbortController();
    const info = await client.upload(await openAsBlob(file), {
      name,
      signal: stop.signal,
      onProgress(done, total) {
        progress.push([done, total]);
        say({ event: "progress", data: [done, total] });
        if (done > cutAfter) stop.abort();
      },
    });
    return { info, progress };
  },
  give_up: () => stop.abort(),
  links: (...asked) => Promise.all(asked.map((one) => client.link(...one))),
  memory: () => {
    global.gc?.();
    return process.memoryUsage().heapUsed;
  },
  get: (name) => client[name],
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, do: method, with: values = [] } = JSON.parse(line);
  const act = async () => (actions[method] ? actions[method](...values) : client[method](...values));
  act().then(
    (ok) => say({ id, ok }),
    ({ name, message, code, status, temporary }) => say({ id, error: { name, message, code, status, temporary } }),
  );
}
client.stop();
