/** Search for users, chats and messages. */

import { effect, signal } from "@preact/signals";
import { t } from "../i18n/words.js";
import { loadHidden } from "./hidden.js";
import { contains } from "./hits.js";
import { personOf, rememberPerson } from "./people.js";
import { client, me } from "./session.js";
import { searchable, titleOf } from "./store.js";
import { query } from "./ui.js";

const DEBOUNCE_MS = 200;
const MIN_CHARACTERS = 2; // the server finds no shorter text
const MAX_CHARACTERS = 100; // and takes no longer one

/** Users whose names contain the text; null while searching. */
export const foundPeople = signal(null);
/** {messages, more, before}; null while searching. */
export const foundMessages = signal(null);
export const isFailed = signal(false);

/** Return the conversations whose title contains the text, hidden ones as well. */
export function foundChats(text) {
  const wanted = withoutAt(text);
  return searchable.value.filter((each) => {
    const person = each.isGroup ? null : personOf(each.peerId);
    const ownTitle = each.peerId === me.value?.id ? t("toYourself") : "";
    return contains([ownTitle, titleOf(each), person?.username], wanted);
  });
}

/** Return the users of a list whose names contain the text. */
export function filterPeople(people, text) {
  const wanted = withoutAt(text);
  return people.filter(({ nickname, username }) => contains([nickname, username], wanted));
}

/** Return a searched text without the "@" before a username. */
export function withoutAt(text) {
  return text.trim().replace(/^@(?=.)/, "");
}

export function findPeople(text, limit = 20) {
  const q = [...withoutAt(text)].slice(0, MAX_CHARACTERS).join("");
  return client.call("GET", "/users", { q, limit }).then((people) => (people.forEach(rememberPerson), people));
}

/** Request a page of messages that contain *text*, in one conversation or in all. */
export async function findMessages(text, { conv, before } = {}) {
  if ([...text.trim()].length < MIN_CHARACTERS) return { messages: [], more: false };
  const parameters = { text: [...text.trim()].slice(0, MAX_CHARACTERS).join(""), limit: 20 };
  if (conv) parameters.conv = conv;
  if (before) parameters.before = before;
  return client.call("GET", "/chat/search", parameters);
}

effect(() => {
  const text = query.value.trim();
  foundPeople.value = foundMessages.value = null;
  isFailed.value = false;
  if (!text) return;
  loadHidden();
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
