/** What there is for those who are logged in. */

import { html, render } from "htm/preact";
import { Frame } from "./components/frame.js";
import { followAddress, go } from "./state/address.js";
import "./state/feed.js";

/** Show the chats, and the one that the address names. */
export function enter(root) {
  render(html`<${Frame} />`, root);
  followAddress();
}

/** Who goes out leaves no name in the address. */
export function leave() {
  if (location.hash) go(null);
}
