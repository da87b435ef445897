/** What is shown above the page: the menu, the dialog and the toasts; and the long press that opens a menu. */

import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/words.js";
import { announcement, closeDialog, dialog, dropToast, isDiscardAsked, mayLeaveDialog, menu, toasts } from "../state/ui.js";
import { Icon } from "./icons.js";

export function Overlays() {
  const { value: open } = menu;
  const { value: shown } = dialog;
  return html`
    ${shown && html`<${Dialog} key=${shown.props.key ?? shown.load} ...${shown} />`}
    ${open && html`<section aria-label=${open.label}><${Menu} key=${open} ...${open} /></section>`}
    <${Toasts} />
    <div class="visually-hidden" aria-live="polite" data-testid="announcement">${announcement}</div>
  `;
}

function Menu({ label, items, x, y, above, alignEnd, from }) {
  const box = useRef(null);

  useLayoutEffect(() => {
    const element = box.current;
    element.showPopover();
    const { width, height } = element.getBoundingClientRect();
    const left = alignEnd ? x - width : x + width > innerWidth - 8 ? x - width : x;
    const top = y + height > innerHeight - 8 ? (above ?? y) - height : y;
    element.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
    element.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
    element.querySelector("[role^=menuitem]")?.focus({ preventScroll: true });
    // Not `popover="auto"`: that would close what a long press opened when the finger is lifted.
    const onPointerDown = (event) => element.contains(event.target) || close();
    const onKey = (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      close();
    };
    document.addEventListener("pointerdown", onPointerDown, true);
    document.addEventListener("keydown", onKey, true);
    addEventListener("resize", close);
    return () => {
      document.removeEventListener("pointerdown", onPointerDown, true);
      document.removeEventListener("keydown", onKey, true);
      removeEventListener("resize", close);
    };
  }, []);

  function close() {
    const hadFocus = box.current?.contains(document.activeElement);
    menu.value = null;
    if (hadFocus && from?.isConnected) from.focus();
  }

  function choose(item) {
    menu.value = null;
    from?.focus?.();
    item.act();
  }

  function onKeyDown(event) {
    const all = [...box.current.querySelectorAll("[role^=menuitem]")];
    const at = all.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Tab") close();
    if (to === undefined) return;
    event.preventDefault();
    all.at(to % all.length)?.focus();
  }

  return html`
    <div class="menu" ref=${box} popover="manual" role="menu" aria-label=${label} data-testid="menu" onKeyDown=${onKeyDown}
      onContextMenu=${(event) => event.preventDefault()}>
      ${items.map((item) => html`
        <button type="button" class=${item.isBad ? "bad" : ""} tabindex="-1" key=${item.text}
          role=${item.isOn === undefined ? "menuitem" : "menuitemradio"} aria-checked=${item.isOn}
          data-testid=${item.hook} onClick=${() => choose(item)}>
          ${item.icon && html`<${Icon} name=${item.icon} />`}<span>${item.text}</span>
          ${item.isOn && html`<${Icon} name="check" />`}
        </button>
      `)}
    </div>
  `;
}

/** Load a module when it is first shown. Returns its default export, and whether loading failed. */
export function useModule(load) {
  const [found, setFound] = useState({ Content: null, isFailed: false });
  useEffect(() => {
    let isStale = false;
    const show = (what) => isStale || setFound(what);
    load().then((module) => show({ Content: module.default }), () => show({ isFailed: true }));
    return () => (isStale = true);
  }, []);
  return found;
}

/** A dialog. The module of its content is loaded when it is opened. */
function Dialog({ load, props }) {
  const box = useRef(null);
  const { Content, isFailed } = useModule(load);

  useLayoutEffect(() => box.current.showModal(), []);
  useLayoutEffect(() => box.current.querySelector("[autofocus]")?.focus(), [Content]);

  const leave = () => mayLeaveDialog() && box.current.close();

  function onKeyDown(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault(); // a `cancel` event that is prevented twice closes the dialog
    leave();
  }

  return html`
    <dialog ref=${box} class="dialog ${props.kind ?? ""}" aria-label=${props.label} data-testid="dialog" onKeyDown=${onKeyDown}
      onClose=${closeDialog}
      onCancel=${(event) => event.target === box.current && (event.preventDefault(), leave())}
      onMouseDown=${(event) => event.target === box.current && leave()}>
      ${Content && html`<${Content} ...${props} close=${() => box.current?.close()} />`}
      ${isFailed && html`<p class="hint" role="alert">${t("unreachable")}</p>`}
    </dialog>
    ${isDiscardAsked.value && html`<${DiscardQuestion} onDiscard=${() => box.current.close()} />`}
  `;
}

/** The question whether the changes in the dialog are to be discarded, above the dialog. */
function DiscardQuestion({ onDiscard }) {
  const box = useRef(null);
  const stay = () => (isDiscardAsked.value = false);
  useLayoutEffect(() => {
    box.current.showModal();
    box.current.querySelector("button").focus();
  }, []);
  return html`
    <dialog ref=${box} class="dialog question" aria-label=${t("discardSure")} data-testid="discard-question" onClose=${stay}>
      <p>${t("discardSure")}</p>
      <footer>
        <button type="button" class="soft-button" data-testid="keep-editing" onClick=${stay}>${t("keepEditing")}</button>
        <button type="button" class="primary bad" data-testid="discard" onClick=${() => (box.current.close(), onDiscard())}>${t("discardChanges")}</button>
      </footer>
    </dialog>
  `;
}

function Toasts() {
  const box = useRef(null);
  const isOpen = toasts.value.length > 0;

  useLayoutEffect(() => {
    // Show it anew, so that it is above a dialog that was opened later.
    if (box.current.matches(":popover-open")) box.current.hidePopover();
    if (isOpen) box.current.showPopover();
  }, [toasts.value]);

  return html`
    <div class="toasts" ref=${box} popover="manual" role="status" data-testid="toasts">
      ${toasts.value.map(({ id, text, action }) => html`
        <div class="toast" key=${id}>
          <span>${text}</span>
          ${action && html`<button type="button" onClick=${() => (dropToast(id), action.act())}>${action.text}</button>`}
        </div>
      `)}
    </div>
  `;
}

// ---- The context menu: by a right click, a long press or the menu key

const LONG_PRESS_MS = 450;
const MOVE_TOLERANCE_PX = 10;

/** Return the event handlers of an element. *onMenu* gets {x, y}, or the element if a key was pressed. */
export function useLongPress(onMenu) {
  const press = useRef({ timer: 0, x: 0, y: 0, isLong: false });

  function end() {
    clearTimeout(press.current.timer);
  }

  return {
    onContextMenu(event) {
      if (event.target.closest("a[href], audio, video") && !press.current.isLong) return;
      event.preventDefault();
      end();
      const isKey = event.clientX === 0 && event.clientY === 0;
      if (!press.current.isLong) onMenu(isKey ? event.currentTarget : { x: event.clientX, y: event.clientY });
      press.current.isLong = false;
    },
    onPointerDown(event) {
      if (event.pointerType !== "touch") return;
      const { clientX: x, clientY: y } = event;
      end();
      press.current = { x, y, isLong: false, timer: setTimeout(() => {
        press.current.isLong = true;
        navigator.vibrate?.(10);
        onMenu({ x, y });
      }, LONG_PRESS_MS) };
    },
    onPointerMove(event) {
      const { x, y } = press.current;
      if (Math.hypot(event.clientX - x, event.clientY - y) > MOVE_TOLERANCE_PX) end();
    },
    onPointerUp: end,
    onPointerCancel: end,
    // A long press ends with a click event, which is not a click.
    onClickCapture(event) {
      if (!press.current.isLong) return;
      press.current.isLong = false;
      event.preventDefault();
      event.stopPropagation();
    },
  };
}
