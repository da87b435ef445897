/** Tells of messages that come while one does not look: a notification, the title, and the live region. */

import { computed, effect, signal } from "@preact/signals";
import { summaryOf } from "../format.js";
import { nameIn } from "./groups.js";
import { nameOf, personOf } from "./people.js";
import { isInside } from "./session.js";
import { find, openConv, unreadTotal } from "./store.js";
import { heard } from "./ui.js";

const KEY = "yolk.page.notify"; // "on", "off", or nothing: not decided
const canNotify = "Notification" in globalThis;

const choice = signal(read());
const permission = signal(canNotify ? Notification.permission : "denied");
const hasWritten = signal(false);

/** Whether to ask: after the first message of one's own, and only until one decided. */
export const shouldAsk = computed(() => hasWritten.value && choice.value === null && permission.value === "default");
/** Whether notifications are shown. */
export const isNotifying = computed(() => permission.value === "granted" && choice.value !== "off");
/** Whether the browser forbids them, so that the switch does nothing. */
export const isForbidden = computed(() => permission.value === "denied");

export function wroteOne() {
  hasWritten.value = true;
}

/** Ask the browser for leave (from a click), or be quiet. */
export async function setNotifying(on) {
  if (on && canNotify) permission.value = await Notification.requestPermission();
  choice.value = on && permission.value === "granted" ? "on" : "off";
  try {
    localStorage.setItem(KEY, choice.value);
  } catch {
    // Then the choice lasts as long as the page.
  }
}

/** A message of somebody else came just now. */
export function announce(conversation, message) {
  const name = conversation.isGroup
    ? `${nameIn(conversation.targetId, message.from_id)} · ${conversation.group?.name ?? ""}`
    : nameOf(personOf(message.from_id));
  const text = summaryOf(message);
  if (!conversation.isQuiet) heard.value = `${name}: ${text.slice(0, 200)}`;
  const isLooking = document.visibilityState === "visible" && document.hasFocus();
  if (isLooking || conversation.isQuiet || !isNotifying.peek()) return;
  const one = new Notification(name, { body: text.slice(0, 300), tag: conversation.conv, icon: "/web/logo.svg" });
  one.onclick = () => {
    window.focus();
    location.hash = `#${conversation.conv}`;
    one.close();
  };
}

/** What was announced last may have been taken back. */
export function unsay() {
  heard.value = "";
}

effect(() => {
  const unread = isInside.value ? unreadTotal.value : 0;
  const open = openConv.value && find(openConv.value);
  if (open) open.seen();
  document.title = unread ? `(${unread > 99 ? "99+" : unread}) Yolk` : "Yolk";
});

function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
