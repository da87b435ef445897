/** The chat page: puts the client and the components together. */

import { html, render, useEffect, useReducer, useState } from "./vendor/htm-preact-standalone.js";
import { Client } from "./client.js";
import { Banner } from "./components/banner.js";
import { Chat } from "./components/chat.js";
import { Empty } from "./components/empty.js";
import { Login } from "./components/login.js";
import { Sidebar } from "./components/sidebar.js";
import { nameOf, textOf } from "./format.js";

const MINUTE_MS = 60_000;

// The address bar says which chat is open, so reload, back and forward do what one expects.
const convInAddress = () => location.hash.slice(1) || null;

function go(conv) {
  const address = conv ? `#${conv}` : location.pathname;
  const replace = location.hash !== "" || !conv;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  client.show(conv);
}

function App() {
  const { store } = client;
  const [, repaint] = useReducer((count) => count + 1, 0);
  const [heard, setHeard] = useState("");

  useEffect(() => {
    const timer = setInterval(repaint, MINUTE_MS); // "today" becomes "yesterday"
    const unsubscribe = store.subscribe(repaint);
    client.onIncoming = (message, { peer }) => setHeard(`${nameOf(peer)}: ${textOf(message)}`);
    return () => (clearInterval(timer), unsubscribe());
  }, []);

  useEffect(() => {
    if (store.me) client.show(convInAddress());
    else go(null);
  }, [store.me?.id]);

  const unread = store.me ? store.unread : 0;
  useEffect(() => {
    document.title = unread ? `(${unread}) Yolk` : "Yolk";
  }, [unread]);

  if (!store.me) return html`<${Login} client=${client} onLanguage=${repaint} />`;
  const open = store.conversations.get(store.open);
  return html`
    <div class="frame ${open ? "has-open" : ""}">
      <${Banner} connection=${store.connection} onTryNow=${() => client.tryNow()} />
      <div class="panes">
        <${Sidebar} client=${client} onOpen=${go} onLanguage=${repaint} />
        ${open
          ? html`<${Chat} key=${open.conv} client=${client} conversation=${open} onBack=${() => go(null)} />`
          : html`<${Empty} />`}
      </div>
      <div class="unseen" aria-live="polite">${heard}</div>
    </div>
  `;
}

const client = new Client();
addEventListener("popstate", () => client.show(convInAddress()));
client.start();
render(html`<${App} />`, document.getElementById("app"));
