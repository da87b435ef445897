/** Messages in one line of text: for the list, quotes and notifications. */

import { listOf } from "./format.js";
import { t } from "./i18n/words.js";
import { nameIn } from "./state/groups.js";
import { nameOf, personOf } from "./state/people.js";
import { me } from "./state/session.js";

const NAMED = ["image", "audio", "video", "file", "location", "card", "custom"];
const MAX_NAMES = 5;

/** Return the text of a message, or its kind if it has none: "[Picture]". */
export function summaryOf(message) {
  const { type, data, isremove, options } = message;
  if (isremove || type === "recall") return t("recalled");
  if (type === "text" || type === "edit") return String(data);
  if (type === "notice") return noticeOf(message);
  if (type === "audio" && options?.duration_ms) return t("kindVoice");
  if (type === "file" && options?.file?.name) return t("kindNamed", { kind: t("kind_file"), name: options.file.name });
  if (type === "card") return t("kindNamed", { kind: t("kind_card"), name: nameOf(personOf(cardOf(data))) });
  return NAMED.includes(type) ? t("kindAlone", { kind: t(`kind_${type}`) }) : t("kindAlone", { kind: type });
}

/** Return the text of a notice: what happened in a group. */
export function noticeOf({ conv, from_id, options }) {
  const group = Number(conv.slice(2));
  const { event, users = [], ...fields } = options ?? {};
  const name = (id, you) => (id === me.value?.id ? t(you) : nameIn(group, id));
  const who = name(from_id, "you");
  const shown = users.slice(0, MAX_NAMES).map((id) => name(id, "youObject"));
  if (users.length > MAX_NAMES) shown.push(t("nOthers", { n: users.length - MAX_NAMES }));
  const names = listOf(shown);
  const isSelf = users.length === 1 && users[0] === from_id;
  switch (event) {
    case "created": return t("noticeCreated", { who, name: fields.name });
    case "joined": return isSelf ? t("noticeJoined", { who }) : t("noticeInvited", { who, names });
    case "left": return t("noticeLeft", { who });
    case "removed": return t("noticeRemoved", { who, names });
    case "renamed": return fields.name ? t("noticeRenamed", { who, name: fields.name }) : t("noticeAvatar", { who });
    case "notice": return fields.notice ? t("noticeNotice", { who, notice: fields.notice }) : t("noticeNoNotice", { who });
    case "settings": return settingsOf(who, fields);
    case "role": return t(fields.role ? "noticeAdministrator" : "noticeMember", { who, names });
    case "owner": return t("noticeOwner", { names });
    case "muted": return t("noticeMuted", { who, names });
    case "unmuted": return t("noticeUnmuted", { who, names });
    case "dissolved": return t("noticeDissolved", { who });
    default: return t("noticeOther", { who });
  }
}

function settingsOf(who, { muted }) {
  if (muted === true || muted === 1) return t("noticeAllMuted", { who });
  if (muted === false || muted === 0) return t("noticeAllUnmuted", { who });
  return t("noticeSettings", { who });
}

/** Return the id of the user on a contact card, or 0. */
export function cardOf(data) {
  return Number(parsed(data).user_id) || 0;
}

/** Parse a location: {latitude, longitude, name, address}, or null. */
export function locationOf(data) {
  const { latitude, longitude, name, address } = parsed(data);
  if (!Number.isFinite(latitude) || !Number.isFinite(longitude)) return null;
  return { latitude, longitude, name: String(name ?? ""), address: String(address ?? "") };
}

function parsed(data) {
  try {
    return JSON.parse(data) ?? {};
  } catch {
    return {};
  }
}
