/** Who is mentioned in a text for a group. */

import { groupOf } from "./groups.js";
import { nameOf } from "./people.js";

export const EVERYBODY = 0; // in place of a user's id
const MAX_MENTIONS = 50;
const LETTER = "[\\p{L}\\p{N}_]";
const SPACED_LETTER = "(?:[^\\P{L}\\p{Script=Han}]|[\\p{N}_])"; // of a script with spaces between words

/**
 * Return the members mentioned in a text, for `options.mentions`: ids, "all" or null.
 *
 * Names count as a whole, the longest first: "@Anna" is not Ann. Everybody, and one of several members with the same
 * name, are mentioned only if they were picked from the list.
 *
 * Args:
 *   picked: {id, name} of those who were picked.
 */
export function mentionedIn(conversation, text, picked) {
  if (!conversation.isGroup || !text.includes("@")) return null;
  const found = new Set();
  let rest = text;
  for (const [name, id] of namesIn(groupOf(conversation.targetId), picked, text)) {
    // A picked Chinese name may be followed by any text.
    const end = picked.some((one) => one.name === name) ? SPACED_LETTER : LETTER;
    const left = rest.replace(new RegExp(`(?<!${SPACED_LETTER})@${escaped(name)}(?!${end})`, "gu"), " ");
    if (left !== rest) found.add(id);
    rest = left;
  }
  if (found.has(EVERYBODY)) return "all";
  return found.size ? [...found].slice(0, MAX_MENTIONS) : null;
}

/** Return [name, id] of those whose names are in a text, the longest names first. */
function namesIn({ members }, picked, text) {
  const ids = new Map();
  for (const member of members.values()) {
    const name = nameOf(member);
    if (text.includes(`@${name}`)) ids.set(name, ids.has(name) ? null : member.user_id);
  }
  for (const { name, id } of picked) ids.set(name, id);
  return [...ids].filter(([, id]) => id !== null).sort(([a], [b]) => b.length - a.length);
}

function escaped(text) {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
