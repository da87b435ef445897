/** Keyboard navigation: arrow keys in lists and among messages, and the way to the composer. */

/** Move the focus from row to row with the arrow keys. */
export function moveAmongRows(event) {
  const rows = [...event.currentTarget.querySelectorAll(".row")];
  const at = rows.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (at < 0 || to === undefined || !rows[to]) return;
  event.preventDefault();
  rows[to].focus();
}

/** Move the focus from message to message with the arrow keys; Home and End go to the first and the last one loaded. */
export function moveAmongMessages(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, audio, video, [role=slider]")) return;
  const items = [...event.currentTarget.querySelectorAll("li[data-key]")];
  const at = items.indexOf(event.target.closest("li[data-key]"));
  const isInside = at >= 0;
  const to = { ArrowDown: isInside ? at + 1 : -1, ArrowUp: isInside ? at - 1 : lastInView(event.currentTarget, items), Home: 0, End: items.length - 1 }[event.key];
  if (to === undefined || !items[to]) {
    if (isInside && event.key === "ArrowDown") focusComposer(event);
    return;
  }
  event.preventDefault();
  items[to].focus();
}

/** Move the focus to the composer, if there is one. */
export function focusComposer(event) {
  const composer = document.querySelector("[data-testid=composer]");
  if (!composer) return;
  event?.preventDefault();
  composer.focus();
}

function lastInView(box, items) {
  const end = box.scrollTop + box.clientHeight;
  return items.findLastIndex((item) => item.offsetTop < end);
}
