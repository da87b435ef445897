/** The chat page: starts the client, and shows the entrance or what is inside. */

import { html, render } from "htm/preact";
import { effect } from "@preact/signals";
import { Login } from "./components/login.js";
import { fetchInside } from "./later.js";
import "./state/appearance.js";
import { client, isInside, me } from "./state/session.js";

const root = document.getElementById("app");

client.start();
me.value = client.me;

effect(() => {
  const isIn = isInside.value;
  const work = fetchInside({ atOnce: isIn });
  if (!isIn) render(html`<${Login} />`, root);
  work.then(({ enter, leave }) => (isInside.peek() === isIn ? (isIn ? enter : leave)(root) : undefined));
});
