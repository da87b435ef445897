/** The page of the HTTP API: Swagger UI, with a login that its requests use. */

const EXTENSION = "x-browser-login"; // of a security scheme: see `yolk.openapi_page`
const OWN_LOGIN = "yolk.docs.login"; // until the tab is closed
const BASE = new URL(".", location.href).href; // the page may be served below a path
const UNAUTHORIZED = 401;

const dark = matchMedia("(prefers-color-scheme: dark)");
const showTheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", showTheme);
showTheme();

const spec = await (await fetch(new URL("docs/openapi.json", BASE))).json();
const [scheme, way] = findLogin(spec);
spec.servers = [{ url: BASE.replace(/\/$/, "") }];
if (scheme) spec.info.description += "\n\nLog in at the top to try requests as yourself.";
for (const methods of Object.values(spec.paths)) {
  // The viewer shows summaries as plain text.
  for (const operation of Object.values(methods)) operation.summary = operation.summary.replaceAll("`", "");
}

const bar = document.getElementById("login");
let notice = "";
let isAsking = false;

const ui = window.SwaggerUIBundle({
  spec,
  domNode: document.getElementById("api"),
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  plugins: [searchOperations],
  presets: [window.SwaggerUIBundle.presets.apis],
  validatorUrl: null,
  onComplete: () => queueMicrotask(begin), // when `ui` is set
  responseInterceptor(response) {
    if (response.status === UNAUTHORIZED && scheme) checkLogin();
    return response;
  },
});

/** Return the name of the security scheme that a login of this page sets, and how to log in. */
function findLogin({ components }) {
  const found = Object.entries(components.securitySchemes).find(([, one]) => one[EXTENSION]);
  return found ? [found[0], found[1][EXTENSION]] : [];
}

/** Search paths and summaries, not only the names of sections, and open the sections with hits. */
function searchOperations({ React }) {
  const contains = (operation, words) => {
    const found = operation.get("operation");
    const text = `${operation.get("method")} ${operation.get("path")} ${found.get("summary")} ${found.get("tags").join(" ")}`;
    return words.every((word) => text.toLowerCase().includes(word));
  };
  const SearchBox = ({ layoutActions, layoutSelectors }) => {
    const filter = layoutSelectors.currentFilter();
    const phrase = typeof filter === "string" ? filter : ""; // at first it is true
    const search = (wanted) => {
      const isOpen = wanted !== "";
      if (isOpen !== (phrase !== "")) spec.tags.forEach(({ name }) => layoutActions.show(["operations-tag", name], isOpen));
      layoutActions.updateFilter(wanted);
    };
    return React.createElement("div", { className: "wrapper search" }, React.createElement("input", {
      type: "search",
      placeholder: "Search paths and summaries",
      "aria-label": "Search paths and summaries",
      value: phrase,
      onChange: ({ target }) => search(target.value),
    }));
  };
  return {
    components: { FilterContainer: SearchBox },
    fn: {
      opsFilter(sections, phrase) {
        const words = phrase.toLowerCase().split(/\s+/);
        return sections
          .map((section) => section.update("operations", (all) => all.filter((one) => contains(one, words))))
          .filter((section) => section.get("operations").size > 0);
      },
    },
  };
}

function begin() {
  if (!scheme) return;
  addEventListener("storage", ({ key }) => key === way.storage && show());
  show();
}

/** Return {token, user, isOwn}: the login of this page, else that of the same browser's other page. */
function currentLogin() {
  for (const [storage, key] of [[sessionStorage, OWN_LOGIN], [localStorage, way.storage]]) {
    const login = JSON.parse(storage.getItem(key) ?? "null");
    if (login?.token) return { token: login.token, user: login.me ?? login, isOwn: storage === sessionStorage };
  }
  return null;
}

/** Use the current login, and show it. */
function show() {
  const login = currentLogin();
  if (login) ui.preauthorizeApiKey(scheme, login.token);
  else if (ui.authSelectors.authorized()?.has(scheme)) ui.authActions.logout([scheme]);
  bar.replaceChildren(...(login && !isAsking ? loggedIn(login) : form(login)));
}

function loggedIn({ user, isOwn }) {
  const text = element("p", {}, "Logged in as ", element("b", {}, user?.nickname || user?.username || "you"));
  if (isOwn) return [text, element("button", { type: "button", onclick: logOut }, "Log out")];
  return [text, element("button", { type: "button", onclick: () => ask(true) }, "Switch account")];
}

function form(login) {
  bar.onsubmit = logIn;
  return [
    ...(notice ? [element("p", { role: "alert" }, notice)] : []),
    element("input", { name: "username", placeholder: "Username", ariaLabel: "Username", autocomplete: "username", autocapitalize: "none", required: true }),
    element("input", { name: "password", placeholder: "Password", ariaLabel: "Password", type: "password", autocomplete: "current-password", required: true }),
    element("button", { type: "submit" }, "Log in"),
    ...(login ? [element("button", { type: "button", onclick: () => ask(false) }, "Cancel")] : []),
  ];
}

function ask(wanted, text = "") {
  notice = text;
  isAsking = wanted;
  show();
  bar.querySelector("input, button")?.focus();
}

async function logIn(event) {
  event.preventDefault();
  const { username, password } = Object.fromEntries(new FormData(bar));
  try {
    const { msg, data } = await send(way.login, { username, password });
    if (msg !== "ok") return ask(true, data);
    sessionStorage.setItem(OWN_LOGIN, JSON.stringify(data));
    ask(false);
  } catch {
    ask(true, "The server is unreachable. Try again.");
  }
}

function logOut() {
  const { token } = currentLogin();
  sessionStorage.removeItem(OWN_LOGIN);
  ask(false);
  send(way.logout, {}, tokenHeader(token)).catch(() => {}); // it expires by itself
}

/** After a refused request: ask for another login if the current one is no longer valid. */
async function checkLogin() {
  const login = currentLogin();
  if (!login) return;
  const answer = await fetch(addressOf(way.profile), { headers: tokenHeader(login.token) });
  if (answer.status !== UNAUTHORIZED) return; // the request was refused for another reason
  if (login.isOwn) sessionStorage.removeItem(OWN_LOGIN);
  ask(true, "The login has expired. Log in again.");
}

const addressOf = (path) => new URL(path.replace(/^\//, ""), BASE);
const tokenHeader = (token) => ({ [spec.components.securitySchemes[scheme].name]: token });

async function send(path, body, headers = {}) {
  const answer = await fetch(addressOf(path), {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return answer.json();
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}
