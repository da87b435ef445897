/** Show the addresses of sockets with the host and the path at which this page was loaded. */

for (const one of document.querySelectorAll("[data-socket]")) {
  const address = new URL(one.dataset.socket.replace(/^\//, ""), new URL("..", location.href));
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  one.textContent = address.href;
}
