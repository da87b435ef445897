/** A text with what was searched for marked. */

import { html } from "htm/preact";
import { hitIn } from "../state/hits.js";

const BEFORE = 16; // characters before the hit in an excerpt
const MAX_BEFORE = 24; // a beginning so short is not left out
const MAX_LENGTH = 160;

/** A name, all of it. */
export function Marked({ text, wanted }) {
  const hit = wanted && hitIn(text, wanted);
  if (!hit) return text;
  const [from, to] = hit;
  return html`${text.slice(0, from)}<mark>${text.slice(from, to)}</mark>${text.slice(to)}`;
}

/** The part of a text around the hit. */
export function Excerpt({ text, wanted }) {
  const hit = hitIn(text, wanted);
  if (!hit) return text.slice(0, MAX_LENGTH);
  const [from, to] = hit;
  const start = from > MAX_BEFORE ? from - BEFORE : 0;
  return html`${start > 0 ? "…" : ""}${text.slice(start, from)}<mark>${text.slice(from, to)}</mark>${text.slice(to, from + MAX_LENGTH)}`;
}
