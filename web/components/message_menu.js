/** The menu of a message. */

import { openPerson, openPicture } from "../dialogs/open.js";
import { cardOf } from "../format.js";
import { t } from "../i18n/words.js";
import { canEdit, canRecall, copy, edit, recall, reply } from "../state/actions.js";
import { cancelUpload, download, fileIn } from "../state/files.js";
import { client, me } from "../state/session.js";
import { openDialog } from "../state/ui.js";
import { focusComposer } from "./composer.js";

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
    isThere && isMyGroupMessage && { icon: "eye", text: t("readByWhom"), hook: "show-readers", act: () => openReaders(entry) },
    canRecall(entry) && { icon: "recall", text: t("recall"), hook: "recall", isBad: true, act: () => recall(entry) },
    !isStored && { icon: "trash", text: t("discard"), hook: "drop", isBad: true, act: () => (entry.to ? cancelUpload : (cid) => client.discard(cid))(entry.cid) },
  ];
}

/** Return what a click on the message itself does, for users of the keyboard; null: nothing. */
function opening(entry) {
  if (entry.type === "image" && fileIn(entry.data)) return () => openPicture(entry);
  if (entry.type === "card") return () => openPerson(cardOf(entry.data));
  return null;
}

export function openReaders(entry) {
  openDialog(() => import("../dialogs/readers.js"), { label: t("readByWhom"), message: entry });
}
