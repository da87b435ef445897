/** Addresses with which the browser may fetch a file of ours: asked for when something shows it. */

import { signal } from "@preact/signals";
import { client, onLeave } from "./session.js";

const RENEW_MS = 10 * 60_000; // well before a link ends
const links = new Map(); // "id variant" -> {signal, at}

onLeave(() => links.clear());

/** The id of the file in `/files/<id>`, or null. */
export function fileIn(data) {
  return /^\/files\/([0-9a-f-]{36})$/.exec(data)?.[1] ?? null;
}

/** The address of a file ("" while it is on its way, null where one may not see it), for a component. */
export function linkOf(id, variant) {
  const key = `${id} ${variant ?? ""}`;
  const held = links.get(key);
  if (held && Date.now() - held.at < RENEW_MS) return held.signal.value;
  const one = { signal: held?.signal ?? signal(""), at: Date.now() };
  links.set(key, one);
  ask(key, one, id, variant);
  return one.signal.value;
}

/** The address of a file, once. */
export function fetchLink(id, variant) {
  return client.link(id, variant);
}

async function ask(key, one, id, variant) {
  try {
    one.signal.value = (await client.link(id, variant)) ?? null;
  } catch (error) {
    if (error.temporary) links.delete(key);
    else one.signal.value = null;
  }
}
