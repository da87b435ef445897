/** The open menu, dialog, panel and toasts. */

import { signal } from "@preact/signals";
import { errorText } from "../i18n/words.js";
import { onUserChange } from "./session.js";

const TOAST_MS = 4_000;

/** {items, label, x, y}: an item is {icon, text, act, isBad, isOn}; null where there is none. */
export const menu = signal(null);
/** {load, props}: the module whose default export is shown, and its props; or null. */
export const dialog = signal(null);
/** {name, load, props}: the panel beside the chat; or null. */
export const panel = signal(null);
/** [{id, text, action}]: the toasts at the bottom. */
export const toasts = signal([]);
/** The text in the search box. */
export const query = signal("");
/** The text of the live region, which a screen reader reads out. */
export const announcement = signal("");
/** Whether the server has another version of the page. */
export const hasNewVersion = signal(false);
/** Whether the user is asked if the changes in the dialog are to be discarded. */
export const isDiscardAsked = signal(false);

let count = 0;
let hasChanges = false; // in the dialog

onUserChange(() => {
  menu.value = dialog.value = panel.value = null;
  query.value = announcement.value = "";
});

/**
 * Open a menu at a place, or below an element.
 *
 * Args:
 *   items: the items; false ones are left out.
 *   at: {x, y} in the view, or an element.
 */
export function openMenu(label, items, at) {
  const from = document.activeElement;
  const place = at instanceof Element ? below(at) : at;
  menu.value = { label, items: items.filter(Boolean), ...place, from };
}

/** Open a dialog with a module's default export, which gets `close` among its props. */
export function openDialog(load, props = {}) {
  noteChanges(false);
  const from = dialog.peek()?.from ?? document.activeElement; // a dialog that is replaced leaves its own
  dialog.value = { load, props, from };
}

/** Note whether the dialog has changes that are not saved. */
export function noteChanges(are) {
  hasChanges = are;
  isDiscardAsked.value = false;
}

/** Return whether the dialog may be closed. If it has changes that are not saved, the user is asked. */
export function mayLeaveDialog() {
  isDiscardAsked.value = hasChanges;
  return !hasChanges;
}

export function closeDialog() {
  const from = dialog.peek()?.from;
  noteChanges(false);
  dialog.value = null;
  if (from?.isConnected) from.focus();
}

/** Open a panel beside the chat, or close it if it is open. */
export function togglePanel(name, load, props = {}) {
  const from = document.activeElement;
  panel.value = panel.peek()?.name === name ? null : { name, load, props, from };
}

export function closePanel() {
  const from = panel.peek()?.from;
  const hadFocus = document.activeElement?.closest("[data-testid=panel]");
  panel.value = null;
  if (hadFocus && from?.isConnected) from.focus();
}

/** Show a text for a few seconds. *action* is a button: {text, act}. */
export function toast(text, action = null) {
  const one = { id: ++count, text, action };
  toasts.value = [...toasts.peek().slice(-2), one];
  setTimeout(() => dropToast(one.id), TOAST_MS);
}

/** Wait for a request. Where the server refuses it, show why and return null. */
export async function attempt(promise) {
  try {
    return await promise;
  } catch (error) {
    toast(errorText(error));
    return null;
  }
}

export function dropToast(id) {
  toasts.value = toasts.peek().filter((each) => each.id !== id);
}

function below(element) {
  const { left, right, bottom, top } = element.getBoundingClientRect();
  const isRight = left > innerWidth / 2;
  return { x: isRight ? right : left, y: bottom + 4, above: top - 4, alignEnd: isRight };
}

/** Return whether a key belongs to an input method, in which Enter ends a word. Safari says so by the key code only. */
export function isOfInputMethod({ isComposing, keyCode }) {
  return isComposing || keyCode === 229;
}
