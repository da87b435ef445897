// A client of the kind that Egg applications have: a token of jsonwebtoken, a socket of ws.
// node chat.mjs URL SECRET MY_ID THEIR_ID: says hello to THEIR_ID and prints one line per event.

import jwt from "jsonwebtoken";
import WebSocket from "ws";

const [url, secret, me, other] = process.argv.slice(2);
const token = jwt.sign({ id: Number(me) }, secret, { expiresIn: "1h" });
const socket = new WebSocket(`${url}/ws?token=${token}`);
const say = (name, value) => console.log(JSON.stringify([name, value]));

socket.on("message", (data, isBinary) => {
  const frame = JSON.parse(data);
  say("message", { ...frame, isBinary });
  if (frame.type === "connected") {
    const send = { id: 1, type: "send", data: { to_id: Number(other), cid: "node-1", data: "你好, from Node" } };
    const text = Buffer.from(JSON.stringify(send));
    // In three fragments, split within a character, with a ping in between.
    socket.send(text.subarray(0, 90), { binary: false, fin: false });
    socket.ping("between");
    socket.send(text.subarray(90, 100), { binary: false, fin: false });
    socket.send(text.subarray(100), { binary: false, fin: true });
  }
  if (frame.id === 1) socket.close(4321, "再见");
});
socket.on("pong", (data) => say("pong", data.toString()));
socket.on("close", (code) => say("close", code));
socket.on("error", (error) => say("error", error.message));
