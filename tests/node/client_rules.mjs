// Rules that need a scripted server: the client of web/client on a fake socket.
// node --test client_rules.mjs

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Client, convOfUsers, peerOf, randomId, YolkError } from "../../web/client/yolk.js";

const ME = { id: 1, username: "ada", nickname: "Ada", avatar: "" };

/** A server of which a test says what it answers: *answers* has a function of the data for each type. */
class Script {
  sockets = [];
  requests = [];
  answers = {
    sync: () => ({ conversations: [], more: false }),
    pull: ({ after }) => ({ messages: this.stored.filter(({ seq }) => seq > after), more: false }),
    delivered: () => ({}),
    read: () => ({}),
  };
  stored = [];
  http = () => ({ msg: "ok", data: { ticket: "t" } });

  client(options) {
    const client = new Client({
      url: "http://yolk.test",
      token: () => "token",
      me: ME,
      openSocket: (url) => this.#open(url),
      fetch: async (url, init) => {
        const answer = await this.http(url.replace("http://yolk.test", ""), init);
        const { status = answer.msg === "ok" ? 200 : 400, headers = {}, ...json } = answer;
        return { status, headers: { get: (name) => headers[name] ?? null }, json: async () => json };
      },
      ...options,
    });
    this.events = [];
    for (const type of ["state", "message", "gap", "gone", "synced", "outbox"])
      client.on(type, (data) => this.events.push([type, data, client.outbox().length]));
    this.tested = client;
    return client;
  }

  #open(url) {
    const socket = {
      url,
      send: (text) => {
        const { id, type, data } = JSON.parse(text);
        this.requests.push([type, data]);
        const answer = this.answers[type]?.(data);
        if (answer?.then) answer.then((later) => this.reply(id, later, socket));
        else if (answer) queueMicrotask(() => this.reply(id, answer, socket));
      },
      close() {},
    };
    this.sockets.push(socket);
    queueMicrotask(() => queueMicrotask(() => this.push("connected", { max_message_size: 10_000 })));
    return socket;
  }

  get socket() {
    return this.sockets[this.sockets.length - 1];
  }

  reply(id, answer, socket = this.socket) {
    const frame = answer.code ? { id, msg: "fail", ...answer } : { id, msg: "ok", data: answer };
    socket.onmessage({ data: JSON.stringify(frame) });
  }

  push(type, data) {
    this.socket.onmessage({ data: JSON.stringify({ type, data }) });
  }

  /** Put messages into the history, and push those of *seqs* (all, unless said). */
  say(seqs, pushed = seqs) {
    for (const seq of seqs) this.stored.push(message(seq));
    for (const seq of pushed) this.push("message", message(seq));
  }

  of(type) {
    return this.events.filter(([happened]) => happened === type).map(([, data]) => data);
  }

  get seqs() {
    return this.of("message").map(({ seq }) => seq);
  }

  async until(check) {
    const end = Date.now() + 10_000;
    while (!check()) {
      if (Date.now() > end) throw new Error(`it did not happen: ${JSON.stringify([this.events, this.requests])}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async online(options) {
    const client = this.client(options);
    client.start();
    await this.until(() => this.of("synced").length === 1);
    return client;
  }
}

const message = (seq, more = {}) => ({
  id: `m${seq}`, conv: "s:1:2", seq, cid: null, from_id: 2, to_id: 1, chat_type: "single",
  type: "text", data: `text ${seq}`, options: null, create_time: seq, isremove: 0, ...more,
});

/** A row of a sync's answer. */
const row = (last_seq, messages = [], more = {}) => ({
  conv: "s:1:2", chat_type: "single", last_seq, join_seq: 0, messages, more: false, gone: false, ...more,
});

function check(name, work) {
  test(name, { timeout: 30_000 }, async () => {
    const script = new Script();
    try {
      await work(script);
    } finally {
      script.tested?.stop();
    }
  });
}

check("pushes out of order are delivered in order, each once", async (script) => {
  await script.online();
  script.say([1, 2, 3, 4, 5], [2, 1, 1, 3, 5, 4, 2]);
  await script.until(() => script.seqs.length >= 5);
  assert.deepEqual(script.seqs, [1, 2, 3, 4, 5]);
});

check("a lost push is fetched before the next message is delivered", async (script) => {
  await script.online();
  script.say([1, 2, 3], [1, 3]);
  assert.deepEqual(script.seqs, [1]);
  await script.until(() => script.seqs.length >= 3);
  assert.deepEqual(script.seqs, [1, 2, 3]);
});

check("messages from before the start are not delivered", async (script) => {
  script.answers.sync = () => ({ conversations: [row(7, [message(7)])], more: false });
  await script.online();
  script.say([8]);
  assert.deepEqual(script.seqs, [8]);
});

check("messages pushed during the first sync are delivered", async (script) => {
  const { promise, resolve } = later();
  script.answers.sync = () => promise;
  const client = script.client();
  client.start();
  await script.until(() => script.requests.length);
  script.stored = [5, 6, 7].map((seq) => message(seq));
  script.push("message", message(6));
  assert.deepEqual(script.seqs, []);
  resolve({ conversations: [row(7, [message(7)])], more: false });
  await script.until(() => script.of("synced").length);
  assert.deepEqual(script.seqs, [6, 7]);
});

check("nothing is missing between history and the first message", async (script) => {
  const client = script.client();
  script.http = async (path) =>
    path.startsWith("/chat/history") ? { msg: "ok", data: { messages: [message(5)], more: true } } : { msg: "ok", data: { ticket: "t" } };
  client.connect();
  client.stop();
  await client.history("s:1:2");
  script.answers.sync = ({ cursors }) => ({ conversations: [row(6, cursors["s:1:2"] === 5 ? [message(6)] : [])], more: false });
  client.start();
  await script.until(() => script.of("synced").length);
  assert.deepEqual(script.seqs, [6]);
});

check("history requested during the first sync is requested again", async (script) => {
  const { promise, resolve } = later();
  let asked = 0;
  script.http = (path) => {
    if (!path.startsWith("/chat/history")) return { msg: "ok", data: { ticket: "t" } };
    return asked++ ? { msg: "ok", data: { messages: [message(5), message(6)], more: true } } : promise;
  };
  script.answers.sync = () => ({ conversations: [row(6, [message(6)])], more: false });
  const client = script.client();
  client.start();
  const page = client.history("s:1:2");
  await script.until(() => script.of("synced").length);
  resolve({ msg: "ok", data: { messages: [message(5)], more: true } });
  assert.deepEqual((await page).messages.map(({ seq }) => seq), [5, 6]);
});

check("messages beyond the limit of a sync are fetched", async (script) => {
  const client = await script.online();
  script.say([1]);
  for (let seq = 2; seq <= 400; seq++) script.stored.push(message(seq));
  script.answers.sync = ({ cursors }) => {
    assert.deepEqual(cursors, { "s:1:2": 1 });
    return { conversations: [row(400, script.stored.slice(1, 51), { more: true })], more: true };
  };
  script.answers.pull = ({ after }) => {
    const rest = script.stored.filter(({ seq }) => seq > after);
    return { messages: rest.slice(0, 100), more: rest.length > 100 };
  };
  script.push("sync", {});
  await script.until(() => script.of("synced").length === 2);
  assert.deepEqual(script.seqs, Array.from({ length: 400 }, (_, at) => at + 1));
  assert.ok(client.me);
});

check("too many missed messages are a gap, and later ones are in order", async (script) => {
  await script.online({ maxMissed: 10 });
  script.say([1]);
  script.answers.sync = () => ({ conversations: [row(100, [message(2)], { more: true })], more: false });
  script.push("sync", {});
  await script.until(() => script.of("synced").length === 2);
  assert.deepEqual(script.of("gap"), [{ conv: "s:1:2", seq: 100 }]);
  script.say([101]);
  assert.deepEqual(script.seqs, [1, 101]);
});

check("conversations that began offline are delivered from their beginning", async (script) => {
  await script.online();
  const said = [message(1, { conv: "g:7" }), notice(2, "joined", [2]), notice(3, "joined", [1, 3]), message(4, { conv: "g:7" })];
  script.answers.sync = () => ({
    conversations: [row(2, [message(2)], { more: true }), row(4, [said[3]], { conv: "g:7" })],
    more: false,
  });
  script.stored = [message(1), message(2)];
  script.answers.pull = ({ conv, after = 0 }) => ({
    messages: (conv === "g:7" ? said : script.stored).filter(({ seq }) => seq > after),
    more: false,
  });
  script.push("sync", {});
  await script.until(() => script.of("synced").length === 2);
  const news = (conv) => script.of("message").filter((one) => one.conv === conv).map(({ seq }) => seq);
  assert.deepEqual([news("s:1:2"), news("g:7")], [[1, 2], [3, 4]]);
});

check("a sync that is older than the pushes moves no cursor back", async (script) => {
  await script.online();
  script.say([1, 2]);
  script.answers.sync = () => ({ conversations: [row(1, [message(1)])], more: false });
  script.push("sync", {});
  await script.until(() => script.of("synced").length === 2);
  script.say([3]);
  assert.deepEqual(script.seqs, [1, 2, 3]);
});

check("a conversation that the user left is reported as gone", async (script) => {
  await script.online();
  script.say([1]);
  script.answers.sync = () => ({ conversations: [{ ...row(0), gone: true }], more: false });
  script.push("sync", {});
  await script.until(() => script.of("gone").length);
  assert.deepEqual(script.of("gone"), [{ conv: "s:1:2" }]);
  assert.deepEqual(script.of("message").length, 1);
});

const notice = (seq, event, users, more) =>
  message(seq, { conv: "g:7", chat_type: "group", type: "notice", options: { event, users }, ...more });

check("a group begins when the user joined, even if a later push arrived first", async (script) => {
  await script.online();
  const said = [notice(40, "joined", [1]), message(41, { conv: "g:7" }), message(42, { conv: "g:7" })];
  const old = Array.from({ length: 39 }, (_, at) => message(at + 1, { conv: "g:7" }));
  script.answers.pull = ({ after = 0 }) => ({ messages: [...old, ...said].filter(({ seq }) => seq > after), more: false });
  script.push("message", said[1]);
  script.push("message", said[2]);
  await script.until(() => script.seqs.length === 3);
  assert.deepEqual(script.seqs, [40, 41, 42]);
  script.push("message", notice(43, "removed", [1]));
  assert.deepEqual(script.of("gone"), [{ conv: "g:7" }]);
});

check("a gap in a conversation that cannot be read any more ends with it", async (script) => {
  await script.online();
  script.push("message", notice(1, "created"));
  await script.until(() => script.requests.some(([type]) => type === "pull"));
  script.answers.pull = () => ({ code: 2002, data: "no", temporary: false });
  script.push("message", notice(1, "created"));
  script.push("message", notice(9, "removed", [1]));
  await script.until(() => script.of("gone").length);
});

check("a pull that fails temporarily is retried", async (script) => {
  await script.online();
  let failures = 0;
  const pull = script.answers.pull;
  script.answers.pull = (data) => (failures++ ? pull(data) : { code: 5001, data: "away", temporary: true });
  script.say([1, 2, 3], [3]);
  await script.until(() => script.seqs.length === 3);
  assert.deepEqual(script.seqs, [1, 2, 3]);
});

check("an own message leaves the outbox in the same turn in which it is delivered", async (script) => {
  const client = await script.online();
  const { promise, resolve } = later();
  script.answers.send = () => promise;
  const { cid } = client.send({ to_id: 2, data: "mine" });
  await script.until(() => script.requests.some(([type]) => type === "send"));
  // The answer arrives while the previous message is missing: both wait.
  script.stored = [message(1), message(2, { from_id: 1, cid, data: "mine" })];
  resolve({ id: "m2", conv: "s:1:2", seq: 2, create_time: 2, dup: false });
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(client.outbox().length, 1);
  await script.until(() => script.seqs.length === 2);
  assert.equal(client.outbox().length, 0);
  const told = script.events.filter(([type]) => type === "message" || type === "outbox").slice(-2);
  assert.deepEqual(told.map(([type, , waiting]) => [type, waiting]), [["message", 1], ["outbox", 0]]);
});

check("the push of an own message may arrive before the answer", async (script) => {
  const client = await script.online();
  const { promise, resolve } = later();
  script.answers.send = () => promise;
  const { cid } = client.send({ to_id: 2, data: "mine" });
  await script.until(() => script.requests.some(([type]) => type === "send"));
  script.push("message", message(1, { from_id: 1, cid }));
  assert.deepEqual([script.seqs, client.outbox()], [[1], []]);
  resolve({ id: "m1", conv: "s:1:2", seq: 1, create_time: 1, dup: false });
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual([script.seqs, client.outbox()], [[1], []]);
});

check("a message that was stored before the start leaves the outbox, and is not delivered", async (script) => {
  const storage = memory();
  const first = script.client({ storage });
  first.connect();
  first.stop();
  first.send({ to_id: 2, data: "mine" });
  script.answers.sync = () => ({ conversations: [row(9)], more: false });
  script.answers.send = () => ({ id: "m3", conv: "s:1:2", seq: 3, create_time: 3, dup: true });
  const client = await script.online({ storage });
  await script.until(() => client.outbox().length === 0);
  assert.deepEqual(script.seqs, []);
  assert.deepEqual(storage.keys(), []);
});

check("a temporary failure is retried in order; after a final one the next message is sent", async (script) => {
  const client = await script.online();
  const sent = [];
  script.answers.send = ({ data, cid }) => {
    sent.push(data);
    if (sent.length === 1) return { code: 5001, data: "away", temporary: true };
    if (data === "bad") return { code: 2003, data: "blocked", temporary: false };
    const seq = script.seqs.length + 1;
    return { id: `m${seq}`, conv: "s:1:2", seq, create_time: seq, dup: false };
  };
  for (const data of ["one", "bad", "three"]) client.send({ to_id: 2, data });
  await script.until(() => script.seqs.length === 2);
  assert.deepEqual(sent, ["one", "one", "bad", "three"]);
  const [failed] = client.outbox("s:1:2");
  assert.deepEqual([failed.state, failed.error], ["failed", { code: 2003, text: "blocked" }]);
  client.retry(failed.cid);
  assert.equal(client.outbox()[0].state, "sending");
  await script.until(() => client.outbox()[0].state === "failed");
  client.discard(failed.cid);
  assert.deepEqual(client.outbox(), []);
});

check("a message that is too large fails with 1009, before or after sending", async (script) => {
  const client = await script.online();
  client.send({ to_id: 2, data: "大".repeat(4_000) });
  await script.until(() => client.outbox()[0].state === "failed");
  assert.equal(client.outbox()[0].error.code, 1009);
  script.answers.send = () => script.socket.onclose({ code: 1009 });
  client.send({ to_id: 2, data: "larger than the server thought" });
  await script.until(() => client.outbox()[1].state === "failed");
  assert.equal(client.outbox()[1].error.code, 1009);
});

check("at most a thousand messages can wait", async (script) => {
  const client = script.client();
  client.connect();
  client.stop();
  for (let number = 0; number < 1_000; number++) client.send({ to_id: 2, data: "x" });
  assert.throws(() => client.send({ to_id: 2, data: "x" }), YolkError);
  assert.equal(client.outbox().length, 1_000);
});

check("a listener that throws affects no other", async (script) => {
  const client = await script.online();
  const error = console.error;
  const reported = [];
  console.error = (...told) => reported.push(told);
  try {
    const heard = [];
    client.on("message", () => {
      throw new Error("on purpose");
    });
    client.on("message", async () => {
      throw new Error("later");
    });
    const end = client.on("message", ({ seq }) => heard.push(seq));
    script.say([1, 2]);
    end();
    script.say([3]);
    await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual(heard, [1, 2]);
    assert.equal(reported.length, 6);
  } finally {
    console.error = error;
  }
});

check("cursors are collected, and only the highest is sent", async (script) => {
  const client = await script.online();
  script.say([1, 2, 3]);
  client.read("s:1:2", 1);
  client.read("s:1:2", 3);
  client.read("s:1:2", 2);
  await script.until(() => script.requests.filter(([type]) => type === "read").length);
  client.read("s:1:2", 3);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const said = script.requests.filter(([type]) => type === "read" || type === "delivered");
  assert.deepEqual(said, [
    ["delivered", { conv: "s:1:2", seq: 3 }],
    ["read", { conv: "s:1:2", seq: 3 }],
  ]);
});

check("a cursor set offline is sent over the next connection", async (script) => {
  const client = script.client();
  client.connect();
  client.stop();
  client.read("s:1:2", 3);
  client.start();
  await script.until(() => script.requests.some(([type]) => type === "read"));
});

check("the client reconnects when the server says", async (script) => {
  await script.online();
  script.push("reconnect", { after_ms: 40 });
  const before = Date.now();
  script.socket.onclose({ code: 1001 });
  const { name, retryAt } = script.tested.state;
  assert.equal(name, "offline");
  assert.ok(retryAt - before >= 40 && retryAt - before < 60);
  await script.until(() => script.sockets.length === 2);
});

check("close codes from 4500 on are final, a bad ticket the second time", async (script) => {
  const client = await script.online();
  script.socket.onclose({ code: 4502 });
  await script.until(() => script.sockets.length === 2);
  script.socket.onmessage({ data: '{"msg":"fail","data":"你的账号在其他设备登录"}' });
  script.socket.onclose({ code: 4503 });
  assert.deepEqual([client.state.name, client.state.code, client.state.text], ["refused", 4503, "你的账号在其他设备登录"]);
  client.connect();
  await script.until(() => script.tested.state.name === "online");
});

check("an expired token is renewed silently before the next ticket", async (script) => {
  const storage = memory();
  const login = { ...ME, token: "old", refresh_token: "r1", expires_in: 7200 };
  const asked = [];
  script.http = (path, { headers }) => {
    asked.push([path, headers.token]);
    if (path === "/auth/login") return { msg: "ok", data: login };
    if (path === "/auth/refresh") return { msg: "ok", data: { ...login, token: "new", refresh_token: "r2" } };
    if (headers.token === "old" && asked.length > 3) return { msg: "fail", code: 3002, data: "expired", status: 401 };
    return { msg: "ok", data: { ticket: "t" } };
  };
  const client = script.client({ token: undefined, storage });
  await client.login({ username: "ada", password: "x" });
  await script.until(() => client.state.name === "online");
  script.socket.onclose({ code: 4009 });
  assert.deepEqual([client.state.name, client.state.isQuiet], ["offline", true]);
  await script.until(() => client.state.name === "online");
  assert.deepEqual(asked.slice(2), [["/auth/refresh", undefined], ["/auth/ticket", "new"]]);
  // One refresh is shared by all requests that need it.
  asked.length = 0;
  storage.setItem("yolk.session", storage.getItem("yolk.session").replace('"new"', '"old"'));
  asked.push(["", ""], ["", ""], ["", ""]);
  await Promise.all([client.call("GET", "/a"), client.call("GET", "/b"), client.call("GET", "/c")]);
  assert.equal(asked.filter(([path]) => path === "/auth/refresh").length, 1);
  assert.equal(client.me.username, "ada");
});

check("a refused refresh token ends the login", async (script) => {
  script.http = (path) => {
    if (path === "/auth/login") return { msg: "ok", data: { ...ME, token: "t", refresh_token: "r" } };
    return { msg: "fail", code: path === "/auth/refresh" ? 3012 : 3002, data: "no", status: 401 };
  };
  const client = script.client({ token: undefined, storage: memory() });
  const sessions = [];
  client.on("session", (me) => sessions.push(me?.id ?? null));
  await client.login({ username: "ada", password: "x" });
  await script.until(() => client.state.name === "refused");
  assert.deepEqual([client.state.code, client.me, sessions], [3012, null, [1, null]]);
});

check("a logout in a listener stops the delivery", async (script) => {
  const client = await script.online();
  client.on("message", () => client.logout());
  script.answers.sync = () => ({ conversations: [row(2, [message(1), message(2)])], more: false });
  script.push("message", message(1));
  assert.deepEqual([script.seqs, client.me], [[1], null]);
});

check("stop() in a listener is obeyed", async (script) => {
  const client = script.client();
  client.on("state", ({ name }) => name === "online" && client.stop());
  client.start();
  await script.until(() => script.of("state").some(({ name }) => name === "idle"));
  assert.deepEqual(script.requests, []);
});

check("without a network, a request fails at once and is temporary", async (script) => {
  script.http = () => Promise.reject(new TypeError("fetch failed"));
  const client = script.client();
  await assert.rejects(client.request("typing", { to_id: 2 }), ({ code, temporary }) => code === 0 && temporary);
  await assert.rejects(client.call("GET", "/users", { q: "x" }), ({ code, temporary }) => code === 0 && temporary);
});

check("links are requested in batches, and cached until they expire", async (script) => {
  const asked = [];
  script.http = (path, { body }) => {
    const { ids } = JSON.parse(body);
    asked.push(ids);
    const known = ids.filter((id) => id !== "none");
    const links = known.map((id) => [id, { url: `/files/${id}?signature=${asked.length}`, thumbnail: `/files/${id}/thumbnail?x` }]);
    return { msg: "ok", data: { links: Object.fromEntries(links), expires_in: 0.5 } };
  };
  const client = script.client();
  const [url, small, none] = await Promise.allSettled([client.link("a"), client.link("b", "thumbnail"), client.link("none")]);
  assert.equal(url.value, "http://yolk.test/files/a?signature=1");
  assert.equal(small.value, "http://yolk.test/files/b/thumbnail?x");
  assert.equal(none.reason.code, 2060);
  assert.equal(await client.link("a", "download"), "http://yolk.test/files/a?signature=1&download=1");
  assert.deepEqual(asked, [["a", "b", "none"]]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(await client.link("a"), "http://yolk.test/files/a?signature=2");
  const many = Array.from({ length: 150 }, (_, at) => `f${at}`);
  await Promise.all(many.map((id) => client.link(id)));
  assert.deepEqual(asked.slice(2).map(({ length }) => length), [100, 50]);
});

check("a message that the server changed is fetched", async (script) => {
  const client = await script.online();
  script.answers.send = ({ cid }) => {
    script.stored = [message(1, { from_id: 1, cid, type: "image", data: "/files/x", options: { file: { id: "x" } } })];
    return { id: "m1", conv: "s:1:2", seq: 1, create_time: 1, dup: false, changed: true };
  };
  client.send({ to_id: 2, type: "image", data: "/files/x" });
  await script.until(() => script.seqs.length);
  assert.equal(script.of("message")[0].options.file.id, "x");
  assert.deepEqual(client.outbox(), []);
});

check("a text that was cut within an emoji is sent, and the next one follows", async (script) => {
  const client = await script.online();
  script.answers.send = ({ cid }) => ({ id: cid, conv: "s:1:2", seq: ++script.last, create_time: 1, dup: false });
  script.last = 0;
  const texts = ["cut \ud83d", 'whole \ud83d\ude00 \\ud83d "\n', "\udc00\ud800"];
  for (const data of texts) client.send({ to_id: 2, data });
  await script.until(() => script.last === 3);
  const sent = script.requests.filter(([type]) => type === "send").map(([, { data }]) => data);
  assert.deepEqual(sent, ["cut \ufffd", texts[1], "\ufffd\ufffd"]);
  script.http = (url) => ({ msg: "ok", data: decodeURIComponent(url) });
  assert.equal(await client.call("GET", "/users", { q: "\ud83d" }), "/users?q=\ufffd");
});

check("an answer without an id is that of the oldest request", async (script) => {
  const client = await script.online();
  script.answers.send = ({ data, cid }) =>
    data === "bad" ? undefined : { id: cid, conv: "s:1:2", seq: 1, create_time: 1, dup: false };
  client.send({ to_id: 2, data: "bad" });
  client.send({ to_id: 2, data: "good" });
  script.reply(null, { code: 1001, data: "not readable", temporary: false });
  await script.until(() => script.seqs.length);
  assert.deepEqual(client.outbox().map(({ data, state, error }) => [data, state, error.code]), [["bad", "failed", 1001]]);
});

check("it knows the server's time", async (script) => {
  const client = await script.online();
  script.push("connected", { server_time: Date.now() + 3_600_000 });
  assert.ok(Math.abs(client.now() - Date.now() - 3_600_000) < 60_000);
});

test("the client has what its types say", () => {
  const types = readFileSync(new URL("../../web/client/yolk.d.ts", import.meta.url), "utf8");
  const members = types.split("export class Client {")[1].split("\n}")[0].matchAll(/^  (?:readonly )?(\w+)/gm);
  const client = new Script().client();
  for (const [, name] of members) assert.ok(name in client, name);
});

test("names of conversations, and random ones", () => {
  assert.equal(convOfUsers(12, 3), "s:3:12");
  assert.deepEqual([peerOf("s:3:12", 3), peerOf("s:3:12", 12), peerOf("s:3:12", 4), peerOf("g:3", 3)], [12, 3, null, null]);
  assert.match(randomId(), /^[0-9a-f]{32}$/);
});

function later() {
  let resolve;
  const promise = new Promise((found) => (resolve = found));
  return { promise, resolve };
}

function memory() {
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
    keys: () => [...kept.keys()],
  };
}

check("clients return when an overloaded server asks them to, and not all at once", async (script) => {
  let after = "7";
  script.http = () => ({
    status: 503, headers: { "Retry-After": after }, msg: "fail", code: 5120, data: "busy", temporary: true,
  });
  const client = script.client();
  const wait = async () => {
    const began = Date.now();
    client.connect();
    await script.until(() => client.state.name === "offline");
    return client.state.retryAt - began;
  };
  const waits = [];
  for (let time = 0; time < 10; time++) waits.push(await wait());
  assert.ok(Math.min(...waits) >= 7_000, String(waits));
  assert.ok(Math.max(...waits) <= 15_000, String(waits));
  assert.ok(Math.max(...waits) - Math.min(...waits) > 100, String(waits));
  after = "86400";
  assert.ok((await wait()) <= 610_000);
  await assert.rejects(client.call("GET", "/users"), ({ code, retryAfter }) => code === 5120 && retryAfter === 86400);
});
