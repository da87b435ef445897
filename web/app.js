/** The chat page: starts the client, and shows the login card or the chats. */

import { html, render } from "htm/preact";
import { effect } from "@preact/signals";
import { Login } from "./components/login.js";
import { loadChats } from "./load_chats.js";
import "./state/appearance.js";
import { client, isSignedIn, me } from "./state/session.js";

const root = document.getElementById("app");

client.start();
me.value = client.me;

effect(() => {
  const isIn = isSignedIn.value;
  const work = loadChats({ atOnce: isIn });
  if (!isIn) render(html`<${Login} />`, root);
  work.then(({ enter, leave }) => (isSignedIn.peek() === isIn ? (isIn ? enter : leave)(root) : undefined));
});
