/** New messages in the background: notifications, the number in the title, and the live region. */

import { computed, effect, signal } from "@preact/signals";
import { summaryOf } from "../format.js";
import { nameIn } from "./groups.js";
import { nameOf, personOf } from "./people.js";
import { isSignedIn } from "./session.js";
import { find, openConv, unreadTotal } from "./store.js";
import { announcement } from "./ui.js";

const KEY = "yolk.page.notify"; // "on", "off", or nothing: not decided yet
const canNotify = "Notification" in globalThis;

const choice = signal(read());
const permission = signal(canNotify ? Notification.permission : "denied");
const hasWritten = signal(false);

/** Whether to ask: after the first own message, until the user has decided. */
export const shouldPrompt = computed(() => hasWritten.value && choice.value === null && permission.value === "default");
/** Whether notifications are shown. */
export const hasNotifications = computed(() => permission.value === "granted" && choice.value !== "off");
/** Whether the browser forbids them. */
export const isForbidden = computed(() => permission.value === "denied");

export function noteOwnMessage() {
  hasWritten.value = true;
}

/** Turn notifications on or off. The browser asks for permission, which needs a click. */
export async function setNotifications(on) {
  if (on && canNotify) permission.value = await Notification.requestPermission();
  choice.value = on && permission.value === "granted" ? "on" : "off";
  try {
    localStorage.setItem(KEY, choice.value);
  } catch {
    // Storage may be forbidden; then the choice lasts until the page is closed.
  }
}

/** Announce a new message of somebody else. */
export function announce(conversation, message) {
  const name = conversation.isGroup
    ? `${nameIn(conversation.targetId, message.from_id)} · ${conversation.group?.name ?? ""}`
    : nameOf(personOf(message.from_id));
  const text = summaryOf(message);
  if (!conversation.isQuiet) announcement.value = `${name}: ${text.slice(0, 200)}`;
  const isLooking = document.visibilityState === "visible" && document.hasFocus();
  if (isLooking || conversation.isQuiet || !hasNotifications.peek()) return;
  const one = new Notification(name, { body: text.slice(0, 300), tag: conversation.conv, icon: "./web/logo.svg" });
  one.onclick = () => {
    window.focus();
    location.hash = `#${conversation.conv}`;
    one.close();
  };
}

/** Clear the live region: the last announced message may have been recalled. */
export function clearAnnouncement() {
  announcement.value = "";
}

effect(() => {
  const unread = isSignedIn.value ? unreadTotal.value : 0;
  const open = openConv.value && find(openConv.value);
  if (open) open.subscribe();
  document.title = unread ? `(${unread > 99 ? "99+" : unread}) Yolk` : "Yolk";
});

function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
