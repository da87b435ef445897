/** Choosing files to send: with the button, by pasting, or by dropping them. */

import { t } from "../i18n/words.js";
import { openDialog } from "../state/ui.js";

/** Let the browser ask for files. */
export function chooseFiles(conversation) {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.dataset.testid = "file-input";
  input.hidden = true;
  input.setAttribute("aria-label", t("attach"));
  const end = () => input.remove();
  input.addEventListener("change", () => (offerFiles(conversation, [...input.files]), end()));
  input.addEventListener("cancel", end);
  document.body.append(input);
  input.click();
}

/** Show what was chosen, before it goes out. */
export function offerFiles(conversation, files) {
  if (files.length === 0) return;
  openDialog(() => import("../dialogs/send_files.js"), { label: t("sendFiles", { n: files.length }), conversation, files });
}
