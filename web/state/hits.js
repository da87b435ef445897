/** Where a text contains what was searched for, compared as the server compares: without case and width. */

const segmenter = new Intl.Segmenter();

/** Return a text for comparison. */
export function plain(text) {
  return fold(text).split(/\s+/u).filter(Boolean).join(" ");
}

/** Return whether one of *texts* contains *wanted*. */
export function contains(texts, wanted) {
  const looked = plain(wanted);
  return looked !== "" && texts.some((text) => text && plain(text).includes(looked));
}

/** Return [start, end] of *wanted* in a text; null where it is not in it. */
export function hitIn(text, wanted) {
  const looked = plain(wanted);
  if (!looked) return null;
  // The folded text, and for each of its units the character that it is of: a ligature is two letters.
  let folded = "";
  const from = [];
  const to = [];
  for (const { segment, index } of segmenter.segment(text)) {
    let one = fold(segment);
    if (!one.trim()) one = folded === "" || folded.endsWith(" ") ? "" : " ";
    for (let n = 0; n < one.length; n++) {
      from.push(index);
      to.push(index + segment.length);
    }
    folded += one;
  }
  const at = folded.indexOf(looked);
  return at < 0 ? null : [from[at], to[at + looked.length - 1]];
}

/** Return the text by which the server finds a message. */
export function searchedText({ type, data, options }) {
  if (type === "text") return String(data);
  if (type === "notice") return joined(options?.name, options?.notice);
  if (type === "location") {
    try {
      const { name, address } = JSON.parse(data);
      return joined(name, address);
    } catch {
      return "";
    }
  }
  return joined(options?.file?.name);
}

function joined(...parts) {
  return parts.filter((part) => typeof part === "string" && part).join(" · ");
}

function fold(text) {
  return text.normalize("NFKC").toLowerCase().replaceAll("ß", "ss").replaceAll("ς", "σ").normalize("NFKC");
}
