/** Blocked users, and preferences: what strangers may send, and what others see of the user. */

import { signal } from "@preact/signals";
import { t } from "../i18n/words.js";
import { reloadRequests } from "./groups.js";
import { forgetInvitation, loadInvitations } from "./invitations.js";
import { rememberPerson } from "./people.js";
import { client, me, onUserChange } from "./session.js";
import { toast } from "./ui.js";

/** The ids of the blocked users; null while they are not known. */
export const blocked = signal(null);
/** The preferences `strangers`, `presence`, `receipts` and `found_by`; empty while they are not known. */
export const preferences = signal({});

onUserChange(() => {
  blocked.value = null;
  preferences.value = {};
});

/** Load all blocked users. */
export async function loadBlocked() {
  const people = [];
  for (let more = true; more; ) {
    const page = await client.call("GET", "/chat/blocked", people.length ? { after: people.at(-1).id } : {});
    people.push(...page.people);
    more = page.more && page.people.length > 0;
  }
  blocked.value = new Set(people.map(({ id }) => id));
  return people;
}

export async function block(id, on) {
  await client.call("POST", "/chat/block", { user_id: id, on });
  setBlocked(id, on);
}

export async function loadPreferences() {
  preferences.value = await client.call("GET", "/chat/preferences");
}

export async function setPreference(name, value) {
  preferences.value = await client.call("POST", "/chat/preferences", { [name]: value });
}

/** Apply a `system` push. */
export function handleSystemEvent({ event, ...fields }) {
  if (event === "block") setBlocked(fields.user_id, fields.on);
  else if (event === "profile") rememberProfile(fields);
  else if (event === "preferences") preferences.value = fields;
  else if (event === "join_requested") reloadRequests(fields.group_id);
  else if (event === "group_invitation") loadInvitations();
  else if (event === "group_invitation_closed") forgetInvitation(fields.group_id);
  else if (event === "join_refused") toast(t("joinRefused", { id: fields.group_id }));
}

function rememberProfile({ user_id, username, nickname, avatar }) {
  const profile = { id: user_id, username, nickname, avatar };
  if (user_id === me.peek()?.id) me.value = profile;
  else rememberPerson(profile);
}

function setBlocked(id, on) {
  const next = new Set(blocked.peek() ?? []);
  next[on ? "add" : "delete"](id);
  blocked.value = next;
}
