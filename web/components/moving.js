/** Going through the messages with the keyboard. */

/** Arrow keys go from message to message, Home and End to the first and last that are there. */
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
