/** A right click, a long press of a finger, and the menu key are one thing: "what can I do with this?" */

import { useRef } from "preact/hooks";

const LONG_MS = 450;
const SLOP_PX = 10;

/** Handlers for an element; *onMenu* gets {x, y}, or the element where a key asked. */
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
      }, LONG_MS) };
    },
    onPointerMove(event) {
      const { x, y } = press.current;
      if (Math.hypot(event.clientX - x, event.clientY - y) > SLOP_PX) end();
    },
    onPointerUp: end,
    onPointerCancel: end,
    // The click that ends a long press is none.
    onClickCapture(event) {
      if (!press.current.isLong) return;
      press.current.isLong = false;
      event.preventDefault();
      event.stopPropagation();
    },
  };
}
