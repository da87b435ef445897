/** The user's own profile: picture and display name, and the way to everything about the account. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import { Icon } from "../components/icons.js";
import { t } from "../i18n/words.js";
import { changeProfile, exportData } from "../state/account.js";
import { nameOf } from "../state/people.js";
import { me } from "../state/session.js";
import { openDialog, toast } from "../state/ui.js";
import { DialogFrame, useAttempt } from "./frame.js";
import { PictureButton } from "./picture_button.js";

export default function Profile({ close }) {
  const { username, nickname, avatar } = me.value;
  const before = nickname === username ? "" : nickname;
  const [name, setName] = useState(before);
  const [run, error, isBusy] = useAttempt();
  const change = (fields) => run(() => changeProfile(fields).then(() => true));
  const isChanged = name.trim() !== before;

  async function save(event) {
    event.preventDefault();
    if (isChanged && !(await change({ nickname: name.trim() }))) return;
    close();
  }

  async function download() {
    if (await run(() => exportData().then(() => true))) toast(t("exported"));
  }

  return html`
    <form onSubmit=${save}>
      <${DialogFrame} title=${t("profile")} close=${close} isChanged=${isChanged}
        actions=${isChanged && html`<button class="primary" data-testid="save-profile" disabled=${isBusy}>${t("save")}</button>`}>
        <div class="portrait">
          <${Avatar} user=${me.value} />
          <strong dir="auto" data-testid="profile-name">${nameOf(me.value)}</strong>
          <span>@${username}</span>
          <div class="acts">
            <${PictureButton} class="soft-button" run=${run} onUploaded=${(address) => changeProfile({ avatar: address })} disabled=${isBusy} data-testid="upload-avatar">${t(avatar ? "changePicture" : "uploadPicture")}<//>
            ${avatar && html`<button type="button" class="soft-button" data-testid="remove-avatar" disabled=${isBusy} onClick=${() => change({ avatar: "" })}>${t("removePicture")}</button>`}
          </div>
        </div>
        <label class="field"><span>${t("displayName")}</span>
          <input data-testid="display-name" maxlength="30" autocomplete="nickname" dir="auto" placeholder=${username} value=${name} onInput=${(event) => setName(event.target.value)} />
        </label>
        <p class="error" role="alert">${error}</p>
        <div class="list">
          <${Item} icon="lock" what="password" load=${() => import("./password.js")} />
          <${Item} icon="device" what="devices" load=${() => import("./devices.js")} />
          <${Item} icon="eye" what="privacy" load=${() => import("./privacy.js")} />
          <button type="button" class="item" data-testid="export" disabled=${isBusy} onClick=${download}><${Icon} name="download" /><span>${t("exportData")}</span></button>
        </div>
        <div class="list">
          <${Item} icon="trash" what="deleteAccount" isBad=${true} load=${() => import("./delete_account.js")} />
        </div>
      <//>
    </form>
  `;
}

function Item({ icon, what, load, isBad = false }) {
  return html`
    <button type="button" class="item ${isBad ? "bad" : ""}" data-testid=${what} onClick=${() => openDialog(load, { label: t(what), key: what })}>
      <${Icon} name=${icon} /><span>${t(what)}</span>
    </button>
  `;
}
