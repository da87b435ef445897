/** What can be done with a message, where its people lead to, and going through messages with the keyboard. */

import { cardOf } from "../format.js";
import { t } from "../i18n/words.js";
import { cancelUpload, fileIn } from "../state/files.js";
import { client, me } from "../state/session.js";
import { openDialog } from "../state/ui.js";
import { canEdit, canRecall, copy, edit, recall, reply } from "../state/writing.js";

export function messageItems(entry, conversation) {
  const isStored = entry.state === undefined;
  const isText = entry.type === "text" && !entry.isremove;
  const isThere = isStored && !entry.isremove;
  const file = fileIn(entry.data);
  const isMyGroupMessage = conversation.isGroup && entry.from_id === me.peek().id;
  const open = isThere && opening(entry);
  return [
    open && { icon: "eye", text: t("open"), hook: "open-message", act: open },
    isThere && !conversation.gone && { icon: "reply", text: t("reply"), hook: "reply", act: () => (reply(entry), focusComposer()) },
    isThere && { icon: "forward", text: t("forward"), hook: "forward", act: () => openDialog(() => import("../dialogs/forward.js"), { label: t("forward"), message: entry }) },
    isText && { icon: "copy", text: t("copy"), hook: "copy", act: () => copy(entry) },
    isThere && file && { icon: "download", text: t("download"), hook: "download", act: () => download(file) },
    canEdit(entry) && { icon: "edit", text: t("edit"), hook: "edit", act: () => (edit(entry), focusComposer()) },
    isThere && isMyGroupMessage && { icon: "eye", text: t("readByWhom"), hook: "show-readers", act: () => showReaders(entry) },
    canRecall(entry) && { icon: "recall", text: t("recall"), hook: "recall", isBad: true, act: () => recall(entry) },
    !isStored && { icon: "trash", text: t("discard"), hook: "drop", isBad: true, act: () => (entry.to ? cancelUpload : (cid) => client.discard(cid))(entry.cid) },
  ];
}

/** What a click on the message itself does, for those who use the keyboard. */
function opening(entry) {
  if (entry.type === "image" && fileIn(entry.data)) return () => openPicture(entry);
  if (entry.type === "card") return () => openPerson(cardOf(entry.data));
  return null;
}

export function openPicture(entry) {
  openDialog(() => import("../dialogs/viewer.js"), { label: t("kind_image"), kind: "viewer", conv: entry.conv, start: entry.id ?? entry.cid, entry });
}

export function openPerson(id) {
  openDialog(() => import("../dialogs/person.js"), { label: t("personInfo"), id, key: `person ${id}` });
}

export function showReaders(entry) {
  openDialog(() => import("../dialogs/readers.js"), { label: t("readByWhom"), message: entry });
}

/** Let the browser save a file of ours. */
export async function download(id) {
  const link = document.createElement("a");
  link.href = await client.link(id, "download");
  link.download = "";
  link.click();
}

// ---- The keyboard

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
