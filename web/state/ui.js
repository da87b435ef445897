/** What lies over the page or beside it: one menu, one dialog, one panel, and short lines that go by themselves. */

import { signal } from "@preact/signals";
import { onLeave } from "./session.js";

const TOAST_MS = 4_000;

/** {items, label, x, y}: an item is {icon, text, act, isBad, isOn}; null where there is none. */
export const menu = signal(null);
/** {load, props}: the module whose default export is shown, and with what. */
export const dialog = signal(null);
/** {name, load, props}: beside the chat. */
export const panel = signal(null);
/** {id, text, action}: lines at the bottom. */
export const toasts = signal([]);
/** What is typed in the search box. */
export const query = signal("");
/** What a screen reader should say. */
export const heard = signal("");

let count = 0;

onLeave(() => {
  menu.value = dialog.value = panel.value = null;
  query.value = heard.value = "";
});

/**
 * Open a menu at a place, or below an element.
 *
 * Args:
 *   items: what can be chosen; those that are false are left out.
 *   at: {x, y} in the view, or an element.
 */
export function openMenu(label, items, at) {
  const from = document.activeElement;
  const place = at instanceof Element ? below(at) : at;
  menu.value = { label, items: items.filter(Boolean), ...place, from };
}

/** Show what a module's default export renders; `close` is among its props. */
export function openDialog(load, props = {}) {
  dialog.value = { load, props, from: document.activeElement };
}

export function closeDialog() {
  const from = dialog.peek()?.from;
  dialog.value = null;
  if (from?.isConnected) from.focus();
}

/** Open what stands beside the chat, or close it if it is that already. */
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

/** Say something for a few seconds. *action* is {text, act}. */
export function toast(text, action = null) {
  const one = { id: ++count, text, action };
  toasts.value = [...toasts.peek().slice(-2), one];
  setTimeout(() => dropToast(one.id), TOAST_MS);
}

export function dropToast(id) {
  toasts.value = toasts.peek().filter((each) => each.id !== id);
}

function below(element) {
  const { left, right, bottom, top } = element.getBoundingClientRect();
  const isRight = left > innerWidth / 2;
  return { x: isRight ? right : left, y: bottom + 4, above: top - 4, alignEnd: isRight };
}
