// Continues the adapters of web/client/README.md: node mini_program.mjs USERNAME PASSWORD PEER_ID
const [username, password, peer] = process.argv.slice(2);
client.on("message", ({ data, from_id }) => {
  if (from_id === client.me.id) return;
  console.log(data);
  client.stop();
});
await client.login({ username, password });
client.send({ to_id: Number(peer), data: "from a mini-program" });
