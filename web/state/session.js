/** The client of this page, the logged-in user, and the state of the connection. */

import { computed, signal } from "@preact/signals";
import { Client, YolkError } from "../client/yolk.js";

const CODES_TO_RECONNECT = [4503, 4504]; // logged in on another device, or too many connections: the login is still valid

const SESSION = "yolk.session";
const KNOWN = "yolk.known";
const PROOF_REQUIRED = 4206;

// The page may be served below a path.
export const client = new Client({ url: new URL(".", location.href).href });

/** {id, username, nickname, avatar}, or null when nobody is logged in. */
export const me = signal(client.me);
export const connection = signal(client.state);
/** Why the user was logged out: {code, text, canReconnect}; or null. */
export const logoutReason = signal(null);

export const isOnline = computed(() => connection.value.name === "online");
/** Whether the chats are shown, and not the login card. */
export const isSignedIn = computed(() => me.value !== null && logoutReason.value === null);

const userChangeCallbacks = new Set();

/** Register a callback for when another user, or nobody, is logged in. */
export function onUserChange(callback) {
  userChangeCallbacks.add(callback);
}

client.on("session", (person) => {
  if (person?.id !== me.value?.id) userChangeCallbacks.forEach((callback) => callback());
  if (person) {
    logoutReason.value = null;
    rememberVisit();
  }
  me.value = person;
});

/** Return whether somebody was logged in with this browser before. */
export function hasVisited() {
  try {
    return localStorage.getItem(KNOWN) !== null || client.me !== null;
  } catch {
    return false;
  }
}

function rememberVisit() {
  try {
    localStorage.setItem(KNOWN, "1");
  } catch {
    // Storage may be forbidden; then every visit is the first one.
  }
}

client.on("state", (state) => {
  connection.value = { ...state };
  if (state.name === "refused") logoutReason.value = { ...state, canReconnect: CODES_TO_RECONNECT.includes(state.code) };
  if (state.name === "online") logoutReason.value = null;
});

/** Register or log in: *how* is "register" or "login". Rejects with YolkError. */
export async function authenticate(how, fields) {
  logoutReason.value = null;
  try {
    await client[how](fields);
  } catch (failure) {
    // Browsers derive keys on pages from HTTPS or from this machine only.
    if (failure.code !== PROOF_REQUIRED || !crypto.subtle) throw failure;
    const { prove } = await import("./proof.js");
    await client[how]({ ...fields, altcha: await prove() });
  }
}

/** Set a forgotten password with a one-time token. Rejects with YolkError. */
export async function resetPassword(token, password) {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ reset_token: token, password });
  const answer = await fetch("./auth/reset", { method: "POST", headers, body }).then(
    (response) => response.json(),
    () => ({ code: 0 }),
  );
  if (answer.msg !== "ok") throw new YolkError(answer.data, answer);
}

/** Store new values of the login where the client keeps it: `me`, or `token` and `refresh_token`. */
export function keepLogin(fields) {
  try {
    const login = JSON.parse(localStorage.getItem(SESSION));
    if (login) localStorage.setItem(SESSION, JSON.stringify({ ...login, ...fields }));
  } catch {
    // Storage may be forbidden; then the login lasts until the page is closed.
  }
}

export function reconnect() {
  logoutReason.value = null;
  client.connect();
}
