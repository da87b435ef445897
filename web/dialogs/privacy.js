/** What others see of the user, what strangers may send, and the blocked users. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import { Choice, Switch } from "../components/controls.js";
import { t } from "../i18n/words.js";
import { block, blocked, loadBlocked, loadPreferences, preferences, setPreference } from "../state/contacts.js";
import { nameOf } from "../state/people.js";
import { attempt } from "../state/ui.js";
import { DialogFrame } from "./frame.js";

export default function Privacy({ close }) {
  const [people, setPeople] = useState(null);
  const { strangers, presence, receipts, found_by: foundBy } = preferences.value;
  const choose = (name) => (value) => attempt(setPreference(name, value));
  useEffect(() => {
    attempt(loadPreferences());
    loadBlocked().then(setPeople, () => setPeople([]));
  }, []);

  async function unblock(id) {
    await attempt(block(id, false));
    if (!blocked.peek()?.has(id)) setPeople(people.filter((each) => each.id !== id));
  }

  return html`
    <${DialogFrame} title=${t("privacy")} close=${close}>
      <${Choice} label=${t("strangers")} name="strangers" value=${strangers} options=${{ freely: t("strangers_freely"), one: t("strangers_one"), nothing: t("strangers_nothing") }} onChoose=${choose("strangers")} />
      <${Choice} label=${t("presence")} name="presence" value=${presence} options=${{ everyone: t("presence_everyone"), contacts: t("presence_contacts"), nobody: t("presence_nobody") }} onChoose=${choose("presence")} />
      <${Choice} label=${t("foundBy")} name="found_by" value=${foundBy} options=${{ name: t("foundBy_name"), prefix: t("foundBy_prefix"), username: t("foundBy_username"), nothing: t("foundBy_nothing") }} onChoose=${choose("found_by")} />
      <${Switch} label=${t("receipts")} isOn=${receipts} isDisabled=${receipts === undefined} note=${t("receiptsNote")} onChange=${choose("receipts")} />
      <h3>${t("blockedPeople")}</h3>
      ${people?.length === 0 && html`<p class="soft">${t("nobodyBlocked")}</p>`}
      <ul class="rows">
        ${people?.map((person) => html`
          <li key=${person.id} class="row plain" data-testid="blocked">
            <${Avatar} user=${person} /><span class="name"><bdi>${nameOf(person)}</bdi></span><span class="snippet">@${person.username}</span>
            <button type="button" class="link row-act" onClick=${() => unblock(person.id)}>${t("unblock")}</button>
          </li>
        `)}
      </ul>
    <//>
  `;
}
