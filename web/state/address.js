/** The address bar says which chat is open, so reload, back and forward do what one expects. */

import { goTo, show } from "./history.js";
import { isInside } from "./session.js";
import { find, openConv } from "./store.js";
import { closePanel } from "./ui.js";

/** Show the chat of that name (null: none). */
export function go(conv) {
  const address = conv ? `#${conv}` : location.pathname;
  const replace = location.hash !== "" || !conv;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  if (conv !== openConv.peek()) closePanel();
  return show(conv);
}

/** Show a message in its place. */
export async function goToMessage({ conv, seq }) {
  await go(conv);
  const conversation = find(conv);
  if (conversation) await goTo(conversation, seq);
}

export function followAddress() {
  const conv = decodeURIComponent(location.hash.slice(1));
  if (isInside.peek()) show(conv || null);
}

addEventListener("popstate", followAddress);
