/** The settings of a group, for its administrators and its owner. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import { Choice, Switch } from "../components/controls.js";
import { t } from "../i18n/words.js";
import { changeGroup, groupOf, OWNER } from "../state/groups.js";
import { DialogFrame, useAttempt } from "./frame.js";

const FACES = ["", ..."🥚 🍳 🐣 🌻 🌊 🏔️ ⚽ 🎵 📚 💻 🚀 ☕ 🍜 🎉 ❤️ 🐱".split(" ")];

export default function GroupSettings({ id, close }) {
  const group = groupOf(id);
  const [name, setName] = useState(group.name);
  const [notice, setNotice] = useState(group.notice ?? "");
  const [avatar, setAvatar] = useState(group.avatar ?? "");
  const [run, error, isBusy] = useAttempt();
  const isOwner = group.me?.role === OWNER;
  const change = (fields) => run(() => changeGroup(id, fields).then(() => true));

  async function save(event) {
    event.preventDefault();
    const fields = {};
    if (name.trim() !== group.name) fields.name = name.trim();
    if (notice !== (group.notice ?? "")) fields.notice = notice;
    if (avatar !== (group.avatar ?? "")) fields.avatar = avatar;
    if (Object.keys(fields).length === 0 || (await change(fields))) close();
  }

  return html`
    <form onSubmit=${save}>
      <${DialogFrame} title=${t("groupSettings")} close=${close}
        actions=${html`<button class="primary" data-testid="save-group" disabled=${isBusy || !name.trim()}>${t("save")}</button>`}>
        <label class="field"><span>${t("groupName")}</span>
          <input data-testid="group-name" maxlength="60" required dir="auto" value=${name} onInput=${(event) => setName(event.target.value)} />
        </label>
        <label class="field"><span>${t("groupNotice")}</span>
          <textarea data-testid="group-notice-text" rows="3" maxlength="1000" dir="auto" value=${notice} onInput=${(event) => setNotice(event.target.value)}></textarea>
        </label>
        <fieldset class="choice"><legend>${t("groupAvatar")}</legend>
          <div class="faces">
            ${FACES.map((face) => html`
              <label key=${face}><input type="radio" name="avatar" value=${face} checked=${avatar === face} aria-label=${face || t("initials")} onChange=${() => setAvatar(face)} />
                <${Avatar} user=${{ id, name, avatar: face }} isGroup=${true} /></label>
            `)}
          </div>
        </fieldset>
        <p class="error" role="alert">${error}</p>
        <h3>${t("rules")}</h3>
        <${Switch} label=${t("muteAll")} isOn=${group.muted} onChange=${(muted) => change({ muted })} data-testid="mute-all" />
        <${Switch} label=${t("historyForNew")} isOn=${group.history} isDisabled=${!isOwner} onChange=${(history) => change({ history })} data-testid="history" />
        <${Choice} label=${t("joinRule")} name="join" value=${group.join} options=${{ closed: t("join_closed"), approval: t("join_approval"), open: t("join_open") }}
          onChoose=${(join) => change({ join })} />
        <${Choice} label=${t("whoInvites")} name="invite" value=${group.invite_role} isDisabled=${!isOwner} options=${{ 0: t("everybodyIn"), 1: t("administrators"), 2: t("owner") }}
          onChoose=${(role) => change({ invite_role: Number(role) })} />
      <//>
    </form>
  `;
}
