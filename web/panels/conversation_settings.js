/** The settings of one conversation: pinned, muted, hidden. Nobody else sees them. */

import { html } from "htm/preact";
import { Switch } from "../components/controls.js";
import { Icon } from "../components/icons.js";
import { t } from "../i18n/words.js";
import { changeSetting } from "../state/actions.js";
import { go } from "../state/history.js";

export function ConversationSettings({ conversation }) {
  conversation.subscribe();
  if (!conversation.isListed) return null;
  return html`
    <div class="list">
      <${Switch} label=${t("pinned")} isOn=${conversation.pinTime > 0} onChange=${(on) => changeSetting(conversation, "pin", on)} />
      <${Switch} label=${t("quietLong")} isOn=${conversation.isQuiet} onChange=${(on) => changeSetting(conversation, "quiet", on)} />
      <button type="button" class="item" onClick=${async () => (await changeSetting(conversation, "hide", true), go(null))}><${Icon} name="hide" />${t("hideLong")}</button>
    </div>
  `;
}
