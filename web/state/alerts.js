/** What is seen and heard of new messages outside of the page: notifications and a sound, from one of the open tabs. */

import { find } from "./store.js";

const KEY = "yolk.page.alerted"; // the ids of messages that some tab has shown
const MAX_IDS = 100;
const LOOKING = "yolk.looking"; // held by tabs that the user looks at
const ALERTING = "yolk.alerting";
const BURST_MS = 2_000; // messages within it make one sound
const RESUME_MS = 200;

let endLooking = null;
let lastAlert = 0;
let audio = null;

/** Return whether the user looks at this tab. */
export function isLooking() {
  return document.visibilityState === "visible" && document.hasFocus();
}

for (const [target, type] of [[globalThis, "focus"], [globalThis, "blur"], [document, "visibilitychange"]])
  target.addEventListener(type, noteLooking);
noteLooking();

function noteLooking() {
  if (isLooking() === (endLooking !== null)) return;
  if (endLooking) {
    endLooking();
    endLooking = null;
  } else {
    const end = new Promise((resolve) => (endLooking = resolve));
    navigator.locks?.request(LOOKING, { mode: "shared" }, () => end);
  }
}

/**
 * Show a notification and make a sound, unless another tab does, or the user looks at another tab.
 *
 * Args:
 *   alerted: {id, conv, title, body} of the message.
 *   isShown: whether to show a notification.
 *   hasSound: whether to make a sound.
 */
export async function alert(alerted, { isShown, hasSound }) {
  if (!navigator.locks) return isNew(alerted) && show(alerted, isShown, hasSound);
  // One after the other, so that the newest message of a chat is the one that stays.
  await navigator.locks.request(ALERTING, async () => {
    const { held } = await navigator.locks.query();
    if (!held.some(({ name }) => name === LOOKING) && isNew(alerted)) await show(alerted, isShown, hasSound);
  });
}

/** Return whether no tab has shown the message; note that this one does. */
function isNew({ id }) {
  try {
    const ids = JSON.parse(localStorage.getItem(KEY)) ?? [];
    if (ids.includes(id)) return false;
    localStorage.setItem(KEY, JSON.stringify([...ids, id].slice(-MAX_IDS)));
  } catch {
    // Storage may be forbidden; then every tab shows it.
  }
  return true;
}

async function show({ conv, title, body }, isShown, hasSound) {
  const isFirst = Date.now() - lastAlert > BURST_MS;
  if (isFirst) lastAlert = Date.now();
  const hasSounded = hasSound && isFirst && (await playSound().catch(() => false));
  if (!isShown) return;
  const icon = new URL("../icon-192.png", import.meta.url).href;
  const silent = hasSounded || !hasSound || !isFirst;
  const options = { body, tag: conv, icon, data: { conv }, renotify: isFirst, silent };
  const registration = await findRegistration();
  if (registration) await registration.showNotification(title, options);
  else showWithoutWorker(title, options);
}

/** Return the registration of the service worker, if it can show notifications. */
async function findRegistration() {
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => null);
  return registration?.active ? registration : null;
}

function showWithoutWorker(title, options) {
  try {
    const one = new Notification(title, options);
    one.onclick = () => {
      window.focus();
      location.hash = `#${options.tag}`;
      one.close();
    };
  } catch {
    // Browsers on Android have notifications of service workers only.
  }
}

/** Close the notifications of chats without unread messages, and that of *conv*. */
export async function closeNotifications(conv = null) {
  const registration = await findRegistration();
  for (const one of (await registration?.getNotifications()) ?? [])
    if (one.tag === conv || !find(one.tag)?.unread) one.close();
}

/** Play two short notes. Returns whether the browser allows it: it does after a click on the page. */
async function playSound() {
  if (navigator.userActivation?.hasBeenActive === false) return false;
  audio ??= new AudioContext();
  await Promise.race([audio.resume(), new Promise((resolve) => setTimeout(resolve, RESUME_MS))]);
  if (audio.state !== "running") return false;
  [660, 880].forEach((frequency, index) => {
    const start = audio.currentTime + index * 0.11;
    const note = new OscillatorNode(audio, { frequency });
    const volume = new GainNode(audio, { gain: 0 });
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(0.12, start + 0.012);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.22);
    note.connect(volume).connect(audio.destination);
    note.start(start);
    note.stop(start + 0.23);
  });
  return true;
}
