/** The proof of work that a server may ask for before it registers an account (ALTCHA, PBKDF2 with SHA-256). */

const AT_ONCE = 64; // keys that the browser derives in its own threads, while the page stays usable

/** Fetch a challenge, and return its solution for the field `altcha`. */
export async function prove() {
  const answer = await fetch("./auth/challenge");
  const { data } = await answer.json();
  return data?.challenge ? solve(data.challenge) : "";
}

/** Find the number whose key begins as the challenge wants. */
async function solve({ parameters, signature }) {
  for (let first = 0; ; first += AT_ONCE) {
    const keys = await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => derive(parameters, first + at)));
    const at = keys.findIndex((key) => key.startsWith(parameters.keyPrefix));
    if (at < 0) continue;
    return btoa(JSON.stringify({
      challenge: { parameters, signature },
      solution: { counter: first + at, derivedKey: keys[at] },
    }));
  }
}

async function derive({ nonce, salt, cost, keyLength }, number) {
  const password = bytes(nonce + number.toString(16).padStart(8, "0"));
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations: cost };
  const bits = new Uint8Array(await crypto.subtle.deriveBits(how, key, keyLength * 8));
  return Array.from(bits, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytes(hex) {
  return Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
}
