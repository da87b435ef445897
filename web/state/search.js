/** Search for users, chats and messages. */

import { effect, signal } from "@preact/signals";
import { personOf, rememberPerson } from "./people.js";
import { client, me } from "./session.js";
import { listed, titleOf } from "./store.js";
import { query } from "./ui.js";

const DEBOUNCE_MS = 200;
const MIN_CHARACTERS = 2; // the server finds no shorter text

/** Users whose name begins with the text; null while searching. */
export const foundPeople = signal(null);
/** {messages, more, before}; null while searching. */
export const foundMessages = signal(null);
export const isFailed = signal(false);

/** Return the listed conversations whose title contains the text. */
export function foundChats(text) {
  const wanted = text.trim().toLowerCase();
  return listed.value.filter((each) => {
    const person = each.isGroup || each.peerId === me.value?.id ? null : personOf(each.peerId);
    return [titleOf(each), person?.username ?? ""].some((name) => name.toLowerCase().includes(wanted));
  });
}

export function findPeople(text, limit = 20) {
  return client.call("GET", "/users", { q: text.trim(), limit }).then((people) => (people.forEach(rememberPerson), people));
}

/** Request a page of messages that contain *text*, in one conversation or in all. */
export async function findMessages(text, { conv, before } = {}) {
  if ([...text.trim()].length < MIN_CHARACTERS) return { messages: [], more: false };
  const parameters = { text: text.trim(), limit: 20 };
  if (conv) parameters.conv = conv;
  if (before) parameters.before = before;
  return client.call("GET", "/chat/search", parameters);
}

effect(() => {
  const text = query.value.trim();
  foundPeople.value = foundMessages.value = null;
  isFailed.value = false;
  if (!text) return;
  let isStale = false;
  const keep = (held) => (found) => isStale || (held.value = found);
  const fail = () => isStale || (isFailed.value = true);
  const timer = setTimeout(() => {
    findPeople(text).then(keep(foundPeople), fail);
    findMessages(text).then(keep(foundMessages), () => keep(foundMessages)({ messages: [], more: false }));
  }, DEBOUNCE_MS);
  return () => {
    isStale = true;
    clearTimeout(timer);
  };
});
