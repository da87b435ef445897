/** Says what was read: what is at the end of the chat on the screen, while somebody looks at it. */

import { client } from "./session.js";
import { openConversation } from "./store.js";

let isAtEnd = false; // the newest message of the open chat is in sight

/** The newest message came into sight, or left it. */
export function setAtEnd(at) {
  isAtEnd = at;
  markRead();
}

export function markRead() {
  const conversation = openConversation.peek();
  const isLooking = isAtEnd && document.visibilityState === "visible" && document.hasFocus();
  if (!isLooking || !conversation?.window.isLoaded || conversation.window.hasNewer) return;
  if (conversation.readSeq >= conversation.lastSeq) return;
  client.read(conversation.conv, conversation.lastSeq);
  conversation.read(conversation.lastSeq);
}

document.addEventListener("visibilitychange", markRead);
addEventListener("focus", markRead);
