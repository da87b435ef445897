/** Calling somebody in a group by name: "@" opens the list of its members. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/words.js";
import { ADMINISTRATOR, groupOf } from "../state/groups.js";
import { nameOf } from "../state/people.js";
import { me } from "../state/session.js";
import { Avatar } from "./avatar.js";

const MOST = 8;

/** What stands between the last "@" and the caret, or null. */
export function wordBefore(text, caret) {
  const found = /(?:^|[\s\p{P}\p{Script=Han}])@([^\s@]{0,20})$/u.exec(text.slice(0, caret));
  return found ? found[1] : null;
}

/** Who is called in a text, for `options.mentions`: ids, "all", or nothing. */
export function mentionedIn(conversation, text) {
  if (!conversation.isGroup || !text.includes("@")) return null;
  const group = groupOf(conversation.targetId);
  if ((group.me?.role ?? 0) >= ADMINISTRATOR && text.includes(`@${t("everybody")}`)) return "all";
  const ids = [...group.members.values()].filter((member) => text.includes(`@${nameOf(member)}`)).map(({ user_id }) => user_id);
  return ids.length ? ids.slice(0, 50) : null;
}

/** The list above the composer. Arrow keys choose, Enter and Tab take. */
export function MentionPicker({ conversation, word, area, onPick, onClose }) {
  const group = groupOf(conversation.targetId);
  const wanted = word.toLowerCase();
  const fits = (name) => name.toLowerCase().includes(wanted);
  const members = [...group.members.values()].filter(({ user_id, username, nickname }) => user_id !== me.value.id && (fits(nickname) || fits(username)));
  const mayCallAll = (group.me?.role ?? 0) >= ADMINISTRATOR && fits(t("everybody"));
  const all = mayCallAll ? [{ user_id: 0, nickname: t("everybody"), username: "" }] : [];
  const found = [...all, ...members].slice(0, MOST);
  const [at, setAt] = useState(0);

  useEffect(() => setAt(0), [word]);
  useEffect(() => {
    const { current } = area;
    function onKeyDown(event) {
      if (event.isComposing || found.length === 0) return;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) setAt((at + step + found.length) % found.length);
      else if (event.key === "Enter" || event.key === "Tab") onPick(nameOf(found[at]));
      else if (event.key === "Escape") onClose();
      else return;
      event.preventDefault();
      event.stopImmediatePropagation();
    }
    current.addEventListener("keydown", onKeyDown, true);
    current.setAttribute("aria-activedescendant", `mention-${at}`);
    return () => {
      current.removeEventListener("keydown", onKeyDown, true);
      current.removeAttribute("aria-activedescendant");
    };
  });

  if (found.length === 0) return null;
  return html`
    <ul class="picker" role="listbox" aria-label=${t("mention")} data-testid="mention-picker">
      ${found.map((member, index) => html`
        <li key=${member.user_id} id="mention-${index}" role="option" aria-selected=${index === at} class=${index === at ? "at" : ""}
          onPointerDown=${(event) => (event.preventDefault(), onPick(nameOf(member)))}>
          <${Avatar} user=${{ ...member, id: member.user_id }} />
          <bdi>${nameOf(member)}</bdi><span>${member.username && `@${member.username}`}</span>
        </li>
      `)}
    </ul>
  `;
}
