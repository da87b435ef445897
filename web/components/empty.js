/** The right pane while no chat is open. */

import { html } from "../vendor/htm-preact-standalone.js";
import { t } from "../i18n.js";

export function Empty() {
  return html`
    <main class="empty">
      <img src="/web/logo.svg" alt="" width="112" height="112" />
      <p>${t("pickOne")}</p>
    </main>
  `;
}
