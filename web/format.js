/** Times, sizes, names, links and messages in the form in which people read them. */

import { signal } from "@preact/signals";
import { locale, t } from "./i18n/words.js";
import { nameIn } from "./state/groups.js";
import { nameOf, personOf } from "./state/people.js";
import { me } from "./state/session.js";

const DAY_MS = 86_400_000;
const CHECK_MS = 30_000;

const today = signal(midnight(Date.now())); // what shows a day is rendered again at midnight
setInterval(() => (today.value = midnight(Date.now())), CHECK_MS);

/** Return a time of day: 14:05 */
export function time(ms) {
  return format(ms, { hour: "numeric", minute: "2-digit" });
}

/** Return a day: Today, Yesterday, Monday 3 March, ... */
export function day(ms, now = today.value) {
  const ago = daysBetween(ms, now);
  if (ago === 0) return t("today");
  if (ago === 1) return t("yesterday");
  const year = sameYear(ms, now) ? undefined : "numeric";
  return format(ms, { weekday: "long", day: "numeric", month: "long", year });
}

/** Return the shortest form that is unambiguous: a time, a weekday or a date. */
export function shortTime(ms, now = today.value) {
  const ago = daysBetween(ms, now);
  if (ago === 0) return time(ms);
  if (ago === 1) return t("yesterday");
  if (ago < 7) return format(ms, { weekday: "short" });
  const year = sameYear(ms, now) ? undefined : "2-digit";
  return format(ms, { day: "numeric", month: year ? "numeric" : "short", year });
}

/** Return a date and a time: 3 Mar 2026, 14:05 */
export function dateTime(ms) {
  return format(ms, { dateStyle: "medium", timeStyle: "short" });
}

export function fullTime(ms) {
  return format(ms, { dateStyle: "full", timeStyle: "short" });
}

export function sameDay(a, b) {
  return daysBetween(a, b) === 0;
}

/** Return one or two characters for an avatar: two initials, or the last characters of a Chinese name. */
export function initials(name) {
  const [first] = name;
  if (/^\p{Script=Han}{1,4}$/u.test(name)) return [...name].slice(-2).join("");
  if (!first || /\p{Script=Han}|\p{Extended_Pictographic}/u.test(first)) return first ?? "?";
  const parts = name.split(/[\s._-]+/).filter((part) => /^[\p{L}\p{N}]/u.test(part));
  const letters = parts.length > 1 ? [parts[0], parts.at(-1)].map((part) => [...part][0]) : [first];
  return letters.join("").toUpperCase();
}

// An address ends before characters that cannot be part of it: spaces, quotes, < >, Chinese punctuation.
const LINK = /\bhttps?:\/\/[^\s<>"'`\u2018-\u201f\u3000-\u303f\uff00-\uffef]+/giu;

/** Split *text* into strings and {href, text} links (http and https only). */
export function linkify(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const found = withoutTail(match[0]);
    const url = URL.canParse(found) && new URL(found);
    if (!url || url.username || url.password) continue; // "https://bank.example@evil.example" misleads
    parts.push(text.slice(from, match.index), { href: url.href, text: found });
    from = match.index + found.length;
  }
  parts.push(text.slice(from));
  return parts.filter((part) => part !== "");
}

/** Strip trailing punctuation from a link: "(see https://a.b/c)." ends before ")."; a bracket opened inside is kept. */
function withoutTail(link) {
  for (;;) {
    const last = link.at(-1);
    const opening = { ")": "(", "]": "[", "}": "{" }[last];
    const isTail = opening
      ? link.split(opening).length < link.split(last).length
      : ".,;:!?*_~".includes(last);
    if (!isTail) return link;
    link = link.slice(0, -1);
  }
}

/** Return a file size: 340 KB */
export function size(bytes) {
  const unit = Math.min(3, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1024)));
  const value = bytes / 1024 ** unit;
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return `${value.toLocaleString(locale(), { maximumFractionDigits: digits })} ${["B", "KB", "MB", "GB"][unit]}`;
}

/** Return a duration: 0:07, 1:02:03 */
export function duration(ms) {
  const seconds = Math.round((ms || 0) / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, index) => (index ? String(part).padStart(2, "0") : part)).join(":");
}

/** Join names into a list: "Ada, Grace and Linus" */
export function listOf(names) {
  return new Intl.ListFormat(locale(), { style: "long", type: "conjunction" }).format(names);
}

const formats = new Map();

function format(ms, options) {
  const key = locale() + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale(), options));
  return formats.get(key).format(ms);
}

function daysBetween(a, b) {
  return Math.round((midnight(b) - midnight(a)) / DAY_MS);
}

function midnight(ms) {
  return new Date(ms).setHours(0, 0, 0, 0);
}

function sameYear(a, b) {
  return new Date(a).getFullYear() === new Date(b).getFullYear();
}

// ---- Messages in one line of text: for the list, quotes and notifications

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
