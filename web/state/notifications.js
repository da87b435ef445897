/** New messages in the background: notifications, the number in the title and on the icon, and the live region. */

import { computed, effect, signal } from "@preact/signals";
import { summaryOf } from "../format.js";
import { nameIn } from "./groups.js";
import { nameOf, personOf } from "./people.js";
import { isSignedIn } from "./session.js";
import { find, openConv, unreadTotal } from "./store.js";
import { announcement } from "./ui.js";

const KEY = "yolk.page.notify"; // "on", "off", or nothing: not decided yet
const SOUND = "yolk.page.sound"; // "off", or nothing: on
const START_MS = 3_000; // when the page has loaded what it shows
const canNotify = "Notification" in globalThis;

const choice = signal(read(KEY));
const permission = signal(canNotify ? Notification.permission : "denied");
const hasWritten = signal(false);
let favicon = null; // promises of modules that are loaded later
let alerts = null;
let begin;
const begun = new Promise((resolve) => (begin = resolve));

/** Whether to ask: after the first own message, until the user has decided. */
export const shouldPrompt = computed(() => hasWritten.value && choice.value === null && permission.value === "default");
/** Whether notifications are shown. */
export const hasNotifications = computed(() => permission.value === "granted" && choice.value !== "off");
/** Whether the browser forbids them. */
export const isForbidden = computed(() => permission.value === "denied");
/** Whether new messages make a sound. */
export const hasSound = signal(read(SOUND) !== "off");

export function noteOwnMessage() {
  hasWritten.value = true;
}

/** Turn notifications on or off. The browser asks for permission, which needs a click. */
export async function setNotifications(on) {
  if (on && canNotify) permission.value = await Notification.requestPermission();
  choice.value = on && permission.value === "granted" ? "on" : "off";
  store(KEY, choice.value);
}

/** Turn the sound of new messages on or off. */
export function setSound(on) {
  hasSound.value = on;
  store(SOUND, on ? "on" : "off");
}

/** Load what works in the background, when there is time: the service worker, and what tabs agree on. */
export function startInBackground() {
  setTimeout(() => {
    begin();
    loadAlerts().catch(() => {});
    import("./service_worker.js").then(({ start }) => start()).catch(() => {});
  }, START_MS);
}

function loadAlerts() {
  return (alerts ??= import("./alerts.js").catch((error) => {
    alerts = null; // so that the next message tries again
    throw error;
  }));
}

/** Announce a new message of somebody else. */
export function announce(conversation, message) {
  const name = conversation.isGroup
    ? `${nameIn(conversation.targetId, message.from_id)} · ${conversation.group?.name ?? ""}`
    : nameOf(personOf(message.from_id));
  const text = summaryOf(message);
  if (!conversation.isQuiet) announcement.value = `${name}: ${text.slice(0, 200)}`;
  const isLooking = document.visibilityState === "visible" && document.hasFocus();
  const how = { isShown: hasNotifications.peek(), hasSound: hasSound.peek() };
  if (isLooking || conversation.isQuiet || !(how.isShown || how.hasSound)) return;
  const alerted = { id: message.id, conv: conversation.conv, title: name, body: text.slice(0, 300) };
  loadAlerts().then(({ alert }) => alert(alerted, how)).catch(() => {});
}

/** Clear the live region and close the notification: the last announced message of *conv* may have been recalled. */
export function clearAnnouncement(conv) {
  announcement.value = "";
  alerts?.then(({ closeNotifications }) => closeNotifications(conv)).catch(() => {});
}

let lastUnread = 0;

effect(() => {
  const unread = isSignedIn.value ? unreadTotal.value : 0;
  const open = openConv.value && find(openConv.value);
  if (open) open.subscribe();
  document.title = unread ? `(${unread > 99 ? "99+" : unread}) Yolk` : "Yolk";
  if (unread !== lastUnread) markUnread(unread, unread < lastUnread);
  lastUnread = unread;
});

/** Show the number on the icon, and close the notifications of chats that have been read. */
function markUnread(count, isLess) {
  favicon ??= begun.then(() => import("./favicon.js"));
  favicon.then(({ showCount }) => showCount(count)).catch(() => (favicon = null));
  if (isLess) alerts?.then(({ closeNotifications }) => closeNotifications()).catch(() => {});
}

function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage may be forbidden; then the choice lasts until the page is closed.
  }
}
