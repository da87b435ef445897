/** The menu of a group member. */

import { openConfirm, openPerson } from "../dialogs/open.js";
import { t } from "../i18n/words.js";
import { act, ADMINISTRATOR, MEMBER, OWNER } from "../state/groups.js";
import { client, me } from "../state/session.js";
import { attempt } from "../state/ui.js";

const MUTES = [["muteTenMinutes", 600], ["muteDay", 86_400], ["muteMonth", 30 * 86_400]];

export function memberItems(group, { user_id: id, role, muted_until, nickname, username }) {
  const mine = group.me.role;
  const isMe = id === me.peek().id;
  const isBelow = !isMe && mine >= ADMINISTRATOR && mine > role;
  const name = nickname || username;
  const run = (act_, fields) => () => attempt(act(group.id, act_, fields));
  const ask = (question, yes, act_, fields) => () => openConfirm(question, yes, run(act_, fields));
  const isMuted = muted_until > client.now();
  return [
    { icon: "info", text: t("personInfo"), act: () => openPerson(id) },
    !isMe && mine === OWNER && role === MEMBER && { icon: "crown", text: t("makeAdministrator"), hook: "make-administrator", act: run("roles", { user_id: id, role: ADMINISTRATOR }) },
    !isMe && mine === OWNER && role === ADMINISTRATOR && { icon: "crown", text: t("makeMember"), hook: "make-member", act: run("roles", { user_id: id, role: MEMBER }) },
    ...(isBelow && !isMuted ? MUTES : []).map(([text, seconds]) => ({ icon: "block", text: t(text), hook: text, act: run("mute", { user_id: id, seconds }) })),
    isBelow && isMuted && { icon: "chat", text: t("unmute"), hook: "unmute", act: run("mute", { user_id: id, seconds: 0 }) },
    !isMe && mine === OWNER && { icon: "crown", text: t("handOver"), hook: "hand-over", act: ask(t("handOverSure", { name }), t("handOver"), "hand_over", { user_id: id }) },
    isBelow && { icon: "trash", text: t("remove"), hook: "remove", isBad: true, act: ask(t("removeSure", { name }), t("remove"), "remove", { users: [id] }) },
    isBelow && { icon: "block", text: t("ban"), hook: "ban", isBad: true, act: ask(t("banSure", { name }), t("ban"), "ban", { users: [id] }) },
  ];
}

