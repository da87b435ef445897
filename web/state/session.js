/** The client of this page, who is logged in, and how the connection is. */

import { computed, signal } from "@preact/signals";
import { Client } from "../client/yolk.js";

const ELSEWHERE = [4503, 4504]; // logged in on another device, or too often: one may come back

export const client = new Client();

/** {id, username, nickname, avatar}, or null when nobody is logged in. */
export const me = signal(client.me);
export const connection = signal(client.state);
/** Why one was logged out: {code, text, canReturn}. */
export const notice = signal(null);

export const isOnline = computed(() => connection.value.name === "online");
/** Whether there is somebody to show chats to. */
export const isInside = computed(() => me.value !== null && notice.value === null);

const leaving = new Set();

/** Do *forget* when another user, or nobody, is logged in. */
export function onLeave(forget) {
  leaving.add(forget);
}

client.on("session", (person) => {
  if (person?.id !== me.value?.id) leaving.forEach((forget) => forget());
  if (person) notice.value = null;
  me.value = person;
});

client.on("state", (state) => {
  connection.value = { ...state };
  if (state.name === "refused") notice.value = { ...state, canReturn: ELSEWHERE.includes(state.code) };
  if (state.name === "online") notice.value = null;
});

/** "register" or "login"; rejects with YolkError. */
export async function enter(how, fields) {
  notice.value = null;
  await client[how](fields);
}

export function comeBack() {
  notice.value = null;
  client.connect();
}
