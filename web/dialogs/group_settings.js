/** The settings of a group, for its administrators and its owner. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import { Choice, Switch } from "../components/controls.js";
import { Icon } from "../components/icons.js";
import { t } from "../i18n/words.js";
import { fileIn } from "../state/files.js";
import { changeGroup, groupOf, OWNER } from "../state/groups.js";
import { DialogFrame, useAttempt } from "./frame.js";
import { PictureButton } from "./picture_button.js";

const FACES = ["", ..."🥚 🍳 🐣 🌻 🌊 🏔️ ⚽ 🎵 📚 💻 🚀 ☕ 🍜 🎉 ❤️ 🐱".split(" ")];

export default function GroupSettings({ id, close }) {
  const group = groupOf(id);
  const [before] = useState({ name: group.name, notice: group.notice ?? "", avatar: group.avatar ?? "" });
  const [name, setName] = useState(before.name);
  const [notice, setNotice] = useState(before.notice);
  const [avatar, setAvatar] = useState(before.avatar);
  const [picture, setPicture] = useState(fileIn(before.avatar) ? before.avatar : null);
  const [run, error, isBusy] = useAttempt();
  const isOwner = group.me?.role === OWNER;
  const change = (fields) => run(() => changeGroup(id, fields).then(() => true));
  const changes = Object.fromEntries(Object.entries({ name: name.trim(), notice, avatar }).filter(([key, value]) => value !== before[key]));
  const isChanged = Object.keys(changes).length > 0;

  async function save(event) {
    event.preventDefault();
    if (!isChanged || (await change(changes))) close();
  }

  const roles = { 0: t("everybodyIn"), 1: t("administrators"), 2: t("onlyOwner") };
  return html`
    <form onSubmit=${save}>
      <${DialogFrame} title=${t("groupSettings")} close=${close} isChanged=${isChanged}
        actions=${html`<button class="primary" data-testid="save-group" disabled=${isBusy || !name.trim()}>${t("save")}</button>`}>
        <label class="field"><span>${t("groupName")}</span>
          <input data-testid="group-name" maxlength="60" required dir="auto" value=${name} onInput=${(event) => setName(event.target.value)} />
        </label>
        <label class="field"><span>${t("groupNotice")}</span>
          <textarea data-testid="group-notice-text" rows="3" maxlength="1000" dir="auto" value=${notice} onInput=${(event) => setNotice(event.target.value)}></textarea>
        </label>
        <fieldset class="choice"><legend>${t("groupAvatar")}</legend>
          <div class="faces">
            <${PictureButton} class="upload-face" run=${run} onUploaded=${(address) => (setPicture(address), setAvatar(address))} aria-label=${t("uploadPicture")} title=${t("uploadPicture")} data-testid="upload-group-picture" disabled=${isBusy}>
              <${Icon} name="camera" />
            <//>
            ${[...(picture ? [picture] : []), ...FACES].map((face) => html`
              <label key=${face}><input type="radio" name="avatar" value=${face} checked=${avatar === face} aria-label=${face === picture ? t("ownPicture") : face || t("initials")} onChange=${() => setAvatar(face)} />
                <${Avatar} user=${{ id, name, avatar: face }} isGroup=${true} /></label>
            `)}
          </div>
        </fieldset>
        <p class="error" role="alert">${error}</p>
        <h3>${t("rules")}</h3>
        <${Choice} label=${t("joinRule")} name="join" value=${group.join} options=${{ closed: t("join_closed"), approval: t("join_approval"), open: t("join_open") }}
          onChoose=${(join) => change({ join })} />
        <p class="soft choice-note">${t(`joinNote_${group.join}`)}</p>
        <${Choice} label=${t("whoInvites")} name="invite" value=${group.invite_role} isDisabled=${!isOwner} options=${roles}
          onChoose=${(role) => change({ invite_role: Number(role) })} />
        <${Choice} label=${t("whoLinks")} name="link" value=${group.link_role} isDisabled=${!isOwner} options=${roles}
          onChoose=${(role) => change({ link_role: Number(role) })} />
        <${Switch} label=${t("historyForNew")} isOn=${group.history} isDisabled=${!isOwner} onChange=${(history) => change({ history })} data-testid="history" />
        <${Switch} label=${t("muteAll")} isOn=${group.muted} onChange=${(muted) => change({ muted })} data-testid="mute-all" />
      <//>
    </form>
  `;
}
