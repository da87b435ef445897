/** The HTTP side of the server, with a token that renews itself. */

const TIMEOUT_MS = 20_000;

/** The server said no, or could not be reached (`code` 0, temporary). */
export class ApiError extends Error {
  constructor(message, { status = 0, code = 0, temporary = false } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.temporary = temporary;
  }
}

/** The login is over: the refresh token was refused. */
export class SessionOver extends ApiError {}

export class Api {
  constructor(session) {
    this.session = session;
  }

  /** Register or log in ("register" | "login") and keep the login. */
  async enter(how, fields) {
    return this.session.write(await call("POST", `/auth/${how}`, { body: fields }));
  }

  async logout({ token, refresh_token }) {
    await call("POST", "/auth/logout", { body: { refresh_token }, token });
  }

  async ticket() {
    return (await this.#authorized("POST", "/auth/ticket")).ticket;
  }

  user(id) {
    return this.#authorized("GET", `/users/${encodeURIComponent(id)}`);
  }

  searchUsers(text, limit = 20) {
    return this.#authorized("GET", `/users?${new URLSearchParams({ q: text, limit })}`);
  }

  conversations() {
    return this.#authorized("GET", "/chat/conversations");
  }

  /** `{messages, more}` of a conversation, *before* or *after* a seq. */
  history(conv, range) {
    return this.#authorized("GET", `/chat/history?${new URLSearchParams({ conv, ...range })}`);
  }

  /** Rotate the refresh token, unless *token* has been replaced since. */
  refresh(token = this.session.read()?.token) {
    return this.session.alone(async () => {
      const session = this.session.read();
      if (!session) throw new SessionOver("");
      if (session.token !== token) return false;
      try {
        const body = { refresh_token: session.refresh_token };
        this.session.write(await call("POST", "/auth/refresh", { body }), session.key);
        return true;
      } catch (error) {
        if (error.temporary) throw error;
        throw new SessionOver(error.message, error);
      }
    });
  }

  async #authorized(method, path) {
    const token = this.session.read()?.token;
    if (!token) throw new SessionOver("");
    try {
      return await call(method, path, { token });
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    await this.refresh(token);
    return call(method, path, { token: this.session.read()?.token });
  }
}

async function call(method, path, { body, token } = {}) {
  const headers = {};
  if (token) headers.token = token;
  if (body) headers["Content-Type"] = "application/json";
  let response;
  let answer;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      cache: "no-store",
      credentials: "omit",
    });
    answer = await response.json();
  } catch (error) {
    throw new ApiError(String(error), { status: response?.status, temporary: true });
  }
  if (response.ok && answer?.msg === "ok") return answer.data;
  throw new ApiError(String(answer?.data ?? response.statusText), {
    status: response.status,
    code: answer?.code,
    temporary: answer?.temporary || response.status >= 500 || response.status === 429,
  });
}
