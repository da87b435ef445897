/** Groups: what they are called, who is in them, and what one may do there. */

import { signal } from "@preact/signals";
import { know, nameOf, personOf, watchPresence } from "./people.js";
import { client, me, onLeave } from "./session.js";
import { chatOfGroup, find, listChanged } from "./store.js";

export const MEMBER = 0;
export const ADMINISTRATOR = 1;
export const OWNER = 2;

const MEMBERS_PAGE = 200;
const MEMBERS_MOST = 1000; // held at once; more come as one scrolls

const groups = new Map(); // id -> signal of {id, name, ..., me, members: Map, more, requests}

onLeave(() => groups.clear());

/** The group, as far as it is known: `me` is null until it came. */
export function groupOf(id) {
  return slot(id).value;
}

/** My role in it. */
export function roleIn(id) {
  return slot(id).value.me?.role ?? MEMBER;
}

/** Somebody as they are called in a group. */
export function memberOf(id, userId) {
  const member = slot(id).value.members.get(userId);
  return member ? { ...member, id: userId } : personOf(userId);
}

export function nameIn(id, userId) {
  return nameOf(memberOf(id, userId));
}

/** Ask for the group and its members. */
export async function loadGroup(id, { again = false } = {}) {
  const held = slot(id);
  if (held.peek().me && !again) return;
  const [group, page] = await Promise.all([
    client.call("GET", `/chat/groups/${id}`),
    client.call("GET", `/chat/groups/${id}/members`, { limit: MEMBERS_PAGE }),
  ]);
  takeGroup(group);
  takeMembers(id, page, { anew: true });
  watchPresence(page.members.slice(0, MEMBERS_PAGE).map(({ user_id }) => user_id));
  if (group.me.role >= ADMINISTRATOR) await loadRequests(id);
}

export async function loadMoreMembers(id) {
  const { members, more } = slot(id).peek();
  if (!more || members.size >= MEMBERS_MOST) return;
  const after = Math.max(...members.keys());
  takeMembers(id, await client.call("GET", `/chat/groups/${id}/members`, { after, limit: MEMBERS_PAGE }));
}

export async function loadRequests(id) {
  const { requests } = await client.call("GET", `/chat/groups/${id}/requests`, { limit: 200 });
  requests.forEach(({ user }) => know(user));
  change(id, { requests });
}

/** Make a group; gives its conv. */
export async function createGroup(fields) {
  const group = await client.call("POST", "/chat/groups", fields);
  takeGroup(group);
  return { conv: chatOfGroup(group), refused: group.refused ?? [] };
}

/** Ask to be let in. Says "joined" or "requested". */
export async function joinGroup(id, text) {
  const { state } = await client.call("POST", `/chat/groups/${id}/join`, text ? { text } : {});
  if (state === "joined") {
    await loadGroup(id, { again: true });
    chatOfGroup(groupOf(id));
  }
  return state;
}

/** Change settings of the group. */
export async function changeGroup(id, fields) {
  takeGroup(await client.call("POST", `/chat/groups/${id}`, fields));
}

/** One of the acts on a group and its members: leave, remove, mute, roles, ... */
export async function act(id, name, fields = {}) {
  const answer = await client.call("POST", `/chat/groups/${id}/${name}`, fields);
  if (name === "leave" || name === "dissolve") leave(id, name === "leave" ? "left" : "dissolved");
  else await loadGroup(id, { again: true }).catch(() => {});
  return answer;
}

/** A notice came: look at the group again, or be out of it. */
export function noticed(conversation, { options, from_id }) {
  const { event, users = [] } = options ?? {};
  const id = conversation.targetId;
  const isMe = users.includes(me.peek()?.id);
  if (event === "dissolved") return leave(id, "dissolved");
  if (isMe && (event === "left" || event === "removed")) return leave(id, event);
  if (isMe && event === "joined") conversation.gone = "";
  if (event === "renamed" && conversation.group)
    conversation.group = { ...conversation.group, name: options.name, avatar: options.avatar ?? conversation.group.avatar };
  users.concat(from_id).forEach((each) => personOf(each));
  if (slot(id).peek().me) loadGroup(id, { again: true }).catch(() => {});
}

/** Somebody wants to be let in. */
export function joinRequested(id) {
  if (slot(id).peek().me) loadRequests(id).catch(() => {});
}

function leave(id, how) {
  const conversation = find(`g:${id}`);
  if (conversation) {
    conversation.gone = how;
    conversation.changed();
  }
  groups.delete(id);
  listChanged();
}

function takeGroup(group) {
  change(group.id, group);
  const conversation = find(group.conv ?? `g:${group.id}`);
  if (!conversation) return;
  const { id, name, avatar, member_count } = group;
  conversation.group = { id, name, avatar, member_count };
  conversation.changed();
}

function takeMembers(id, { members: page, more }, { anew = false } = {}) {
  const members = new Map(anew ? [] : slot(id).peek().members);
  for (const member of page) members.set(member.user_id, member);
  change(id, { members, more });
}

function change(id, fields) {
  const held = slot(id);
  held.value = { ...held.peek(), ...fields };
}

function slot(id) {
  if (!groups.has(id)) groups.set(id, signal({ id, name: "", me: null, members: new Map(), more: false, requests: [] }));
  return groups.get(id);
}
