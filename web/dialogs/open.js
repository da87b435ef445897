/** Open the dialogs that several places lead to. They are loaded when they are opened. */

import { t } from "../i18n/words.js";
import { openDialog } from "../state/ui.js";

/** Ask before *act*, which cannot be undone; *yes* is the label of the button. */
export function openConfirm(question, yes, act) {
  openDialog(() => import("./confirm.js"), { label: yes, question, yes, act });
}

export function openPicture(entry) {
  openDialog(() => import("../dialogs/viewer.js"), { label: t("kind_image"), kind: "viewer", conv: entry.conv, start: entry.id ?? entry.cid, entry });
}

/** Show the group of an invitation link. */
export function openInvitationLink(token) {
  openDialog(() => import("./join_by_link.js"), { label: t("joinGroup"), token, key: `join ${token}` });
}

export function openPerson(id) {
  openDialog(() => import("../dialogs/person.js"), { label: t("personInfo"), id, key: `person ${id}` });
}
