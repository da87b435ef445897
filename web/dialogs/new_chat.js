/** Begin a chat with somebody. */

import { html } from "htm/preact";
import { t } from "../i18n/words.js";
import { go } from "../state/history.js";
import { personOf } from "../state/people.js";
import { me } from "../state/session.js";
import { chatWith, listed } from "../state/store.js";
import { DialogFrame, PeopleFinder, PersonRow } from "./frame.js";

export default function NewChat({ close }) {
  function open(person) {
    close();
    go(chatWith(person));
  }

  const known = [me.value, ...acquaintances()];
  const row = (person) => html`<${PersonRow} person=${person} note=${person.id === me.value.id ? t("toYourself") : undefined} onClick=${() => open(person)} />`;
  return html`<${DialogFrame} title=${t("newChat")} close=${close}><${PeopleFinder} first=${known} withMe=${true} row=${row} /><//>`;
}

/** Those with whom one has a chat. */
export function acquaintances() {
  const ids = listed.value.filter(({ isGroup, peerId }) => !isGroup && peerId && peerId !== me.value.id).map(({ peerId }) => peerId);
  return ids.map(personOf);
}
