/** Groups: their data and members, and the requests that change them. */

import { signal } from "@preact/signals";
import { nameOf, personOf, rememberPerson, watchPresence } from "./people.js";
import { client, me, onUserChange } from "./session.js";
import { chatOfGroup, find, listChanged } from "./store.js";

export const MEMBER = 0;
export const ADMINISTRATOR = 1;
export const OWNER = 2;

const MEMBERS_PAGE_SIZE = 200;
const MAX_MEMBERS = 1000; // loaded in all

const groups = new Map(); // id -> signal of {id, name, ..., me, members: Map, more, requests}

onUserChange(() => groups.clear());

/** Return a group, as far as it is known: `me` is null until it is loaded. */
export function groupOf(id) {
  return slot(id).value;
}

/** Return a user with their nickname in a group. */
export function memberOf(id, userId) {
  const member = slot(id).value.members.get(userId);
  return member ? { ...member, id: userId } : personOf(userId);
}

export function nameIn(id, userId) {
  return nameOf(memberOf(id, userId));
}

/** Load a group and its first members. */
export async function loadGroup(id, { again = false } = {}) {
  const held = slot(id);
  if (held.peek().me && !again) return;
  const [group, page] = await Promise.all([
    client.call("GET", `/chat/groups/${id}`),
    client.call("GET", `/chat/groups/${id}/members`, { limit: MEMBERS_PAGE_SIZE }),
  ]);
  takeGroup(group);
  takeMembers(id, page, { anew: true });
  watchPresence(page.members.slice(0, MEMBERS_PAGE_SIZE).map(({ user_id }) => user_id));
  if (group.me.role >= ADMINISTRATOR) await loadRequests(id);
}

export async function loadMoreMembers(id) {
  const { members, more } = slot(id).peek();
  if (!more || members.size >= MAX_MEMBERS) return;
  const after = Math.max(...members.keys());
  takeMembers(id, await client.call("GET", `/chat/groups/${id}/members`, { after, limit: MEMBERS_PAGE_SIZE }));
}

export async function loadRequests(id) {
  const { requests } = await client.call("GET", `/chat/groups/${id}/requests`, { limit: 200 });
  requests.forEach(({ user }) => rememberPerson(user));
  change(id, { requests });
}

/** Create a group. Returns its conv, and the users who were only invited, or could not be added. */
export async function createGroup(fields) {
  const group = await client.call("POST", "/chat/groups", fields);
  takeGroup(group);
  return { conv: chatOfGroup(group), invited: group.invited ?? [], refused: group.refused ?? [] };
}

/** Join a group, or ask to. Returns "joined" or "requested". */
export async function joinGroup(id, text) {
  const { state } = await client.call("POST", `/chat/groups/${id}/join`, text ? { text } : {});
  if (state === "joined") {
    await loadGroup(id, { again: true });
    chatOfGroup(groupOf(id));
  }
  return state;
}

/** Join a group with the token of an invitation link. Returns {conv, state}. */
export async function joinByLink(token, text) {
  const { group_id: id, conv, state } = await client.call("POST", "/chat/groups/join", { link_token: token, ...(text && { text }) });
  if (state === "joined") {
    await loadGroup(id, { again: true });
    chatOfGroup(groupOf(id));
  }
  return { conv, state };
}

/** Change settings of a group. */
export async function changeGroup(id, fields) {
  takeGroup(await client.call("POST", `/chat/groups/${id}`, fields));
}

/** Request a change of a group or its members: leave, remove, mute, roles, ... */
export async function act(id, name, fields = {}) {
  const answer = await client.call("POST", `/chat/groups/${id}/${name}`, fields);
  if (name === "leave" || name === "dissolve") leave(id, name === "leave" ? "left" : "dissolved");
  else await loadGroup(id, { again: true }).catch(() => {});
  return answer;
}

/** Apply a notice: load the group again, or leave it. */
export function applyNotice(conversation, { options, from_id }) {
  const { event, users = [] } = options ?? {};
  const id = conversation.targetId;
  const isMe = users.includes(me.peek()?.id);
  if (event === "dissolved") return leave(id, "dissolved");
  if (isMe && (event === "left" || event === "removed")) return leave(id, event);
  if (isMe && event === "joined") conversation.gone = "";
  if (event === "renamed" && conversation.group)
    conversation.group = { ...conversation.group, name: options.name ?? conversation.group.name, avatar: options.avatar ?? conversation.group.avatar };
  users.concat(from_id).forEach((each) => personOf(each));
  if (slot(id).peek().me) loadGroup(id, { again: true }).catch(() => {});
}

/** Load the requests to join again, if the group is loaded. */
export function reloadRequests(id) {
  if (slot(id).peek().me) loadRequests(id).catch(() => {});
}

function leave(id, how) {
  const conversation = find(`g:${id}`);
  if (conversation) {
    conversation.gone = how;
    conversation.notify();
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
  conversation.notify();
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
