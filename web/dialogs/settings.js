/** The settings: theme, language and notifications; and the way to the profile and to privacy. */

import { html } from "htm/preact";
import { Avatar } from "../components/avatar.js";
import { Choice, Switch } from "../components/controls.js";
import { Icon } from "../components/icons.js";
import { chooseLanguage, language, t } from "../i18n/words.js";
import { chooseTheme, theme } from "../state/appearance.js";
import { hasNotifications, hasSound, isForbidden, setNotifications, setSound } from "../state/notifications.js";
import { nameOf } from "../state/people.js";
import { me } from "../state/session.js";
import { openDialog } from "../state/ui.js";
import { DialogFrame } from "./frame.js";

export default function Settings({ close }) {
  return html`
    <${DialogFrame} title=${t("settings")} close=${close}>
      <div class="portrait small"><${Avatar} user=${me.value} /><strong dir="auto">${nameOf(me.value)}</strong><span>@${me.value.username}</span></div>
      <${Choice} label=${t("theme")} name="theme" value=${theme.value} options=${{ system: t("asSystem"), light: t("light"), dark: t("dark") }} onChoose=${chooseTheme} />
      <${Choice} label=${t("language")} name="language" value=${language.value} options=${{ zh: "中文", en: "English" }} onChoose=${chooseLanguage} />
      <${Switch} label=${t("notifications")} isOn=${hasNotifications.value} isDisabled=${isForbidden.value} note=${isForbidden.value ? t("notifyForbidden") : ""} onChange=${setNotifications} />
      <${Switch} label=${t("sound")} isOn=${hasSound.value} onChange=${setSound} data-testid="sound" />
      <div class="list">
        <button type="button" class="item" data-testid="profile" onClick=${() => openDialog(() => import("./profile.js"), { label: t("profile"), key: "profile" })}><${Icon} name="card" /><span>${t("profile")}</span></button>
        <button type="button" class="item" data-testid="privacy" onClick=${() => openDialog(() => import("./privacy.js"), { label: t("privacy"), key: "privacy" })}><${Icon} name="eye" /><span>${t("privacy")}</span></button>
      </div>
    <//>
  `;
}
