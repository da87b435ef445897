/** What stands with what in the list of messages, and how far it came. */

import { sameDay } from "../format.js";

const GROUP_MS = 5 * 60_000; // what one person writes within this time stands together

/** Whether two messages stand together: one person, within a few minutes. */
export function together(a, b) {
  const isNear = b.create_time - a.create_time < GROUP_MS && sameDay(a.create_time, b.create_time);
  return a.from_id === b.from_id && a.type !== "notice" && b.type !== "notice" && isNear;
}

/** How many of others come after a seq. */
export function countAfter(entries, seq, myId) {
  let count = 0;
  for (let at = entries.length - 1; at >= 0 && (entries[at].seq ?? Infinity) > seq; at--)
    if (entries[at].from_id !== myId && entries[at].type !== "notice") count++;
  return count;
}

/** How far a message of ours to one person came. */
export function stateOf({ state, seq }, { peerReadSeq, peerDeliveredSeq }) {
  if (state) return state;
  if (seq <= peerReadSeq) return "read";
  return seq <= peerDeliveredSeq ? "delivered" : "sent";
}
