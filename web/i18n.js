/** The page's words, in the language of the browser or the one chosen. */

const KEY = "yolk.language";

const en = {
  login: "Log in",
  register: "Create account",
  loginLead: "Welcome back.",
  registerLead: "A name, a password, and you are in.",
  noAccount: "New here?",
  hasAccount: "Have an account?",
  username: "Username",
  password: "Password",
  nickname: "Display name (optional)",
  showPassword: "Show password",
  hidePassword: "Hide password",
  logout: "Log out",
  comeBack: "Use Yolk here",
  unreachable: "The server cannot be reached. Please try again in a moment.",
  refused: "You have been logged out.",
  refused4503: "You logged in somewhere else.",
  refused4501: "Your account is disabled.",
  refused4504: "Your account has too many open connections.",
  switchLanguage: "中文",
  search: "Find people",
  clearSearch: "Clear search",
  conversations: "Chats",
  people: "People",
  searching: "Searching…",
  nobody: "Nobody by that name.",
  searchFailed: "The search did not work. Please try again.",
  noConversations: "No chats yet. Find someone above to begin.",
  pickOne: "Pick a chat, or find someone to write to.",
  you: "You",
  toYourself: "Notes to yourself",
  draft: "Draft:",
  unread: "{n} unread",
  online: "online",
  offline: "offline",
  back: "Back",
  messagesWith: "Messages with {name}",
  noMessages: "No messages yet. Say hello.",
  loading: "Loading…",
  newMessages: "{n} new",
  toNewest: "To the newest message",
  write: "Message",
  send: "Send",
  sending: "Sending",
  sent: "Sent",
  delivered: "Delivered",
  read: "Read",
  failed: "Not sent",
  tooLong: "This message is too long.",
  retry: "Try again",
  discard: "Delete",
  recalled: "This message was recalled.",
  unsupported: "[{type}]",
  today: "Today",
  yesterday: "Yesterday",
  lost: "Connection lost.",
  tryingIn: "Trying again in {n} s",
  connecting: "Connecting…",
  tryNow: "Try now",
  backOnline: "Back online",
  error1002: "A name has 2 to 30 characters and no blanks, a password 6 to 128.",
  error2001: "This user does not exist or was disabled.",
  error3003: "There is no such user.",
  error3004: "Your account is disabled.",
  error3010: "Wrong username or password.",
  error3011: "This username is taken.",
  error3012: "Please log in again.",
  error5000: "Something went wrong on the server.",
  error5001: "The server is unavailable for a moment. Please try again.",
  error5002: "The server is busy. Please try again.",
};

const zh = {
  login: "登录",
  register: "注册",
  loginLead: "欢迎回来。",
  registerLead: "取个名字，设个密码，就可以开始了。",
  noAccount: "还没有账号？",
  hasAccount: "已有账号？",
  username: "用户名",
  password: "密码",
  nickname: "昵称（可不填）",
  showPassword: "显示密码",
  hidePassword: "隐藏密码",
  logout: "退出登录",
  comeBack: "在这里使用",
  unreachable: "无法连接服务器，请稍后重试。",
  refused: "你已退出登录。",
  refused4503: "你的账号在其他设备登录。",
  refused4501: "你的账号已被禁用。",
  refused4504: "你的账号打开的连接过多。",
  switchLanguage: "English",
  search: "查找用户",
  clearSearch: "清除",
  conversations: "聊天",
  people: "用户",
  searching: "正在查找…",
  nobody: "没有找到这个用户。",
  searchFailed: "查找失败，请重试。",
  noConversations: "还没有聊天。在上面找个人开始吧。",
  pickOne: "选择一个聊天，或者找个人说说话。",
  you: "你",
  toYourself: "写给自己",
  draft: "草稿：",
  unread: "{n} 条未读",
  online: "在线",
  offline: "离线",
  back: "返回",
  messagesWith: "与{name}的消息",
  noMessages: "还没有消息，打个招呼吧。",
  loading: "正在加载…",
  newMessages: "{n} 条新消息",
  toNewest: "回到最新消息",
  write: "输入消息",
  send: "发送",
  sending: "发送中",
  sent: "已发送",
  delivered: "已送达",
  read: "已读",
  failed: "未发送",
  tooLong: "消息太长了。",
  retry: "重试",
  discard: "删除",
  recalled: "消息已撤回",
  unsupported: "[{type}]",
  today: "今天",
  yesterday: "昨天",
  lost: "连接已断开。",
  tryingIn: "{n} 秒后重试",
  connecting: "正在连接…",
  tryNow: "立即重试",
  backOnline: "已恢复连接",
  error1002: "用户名为 2 到 30 个字符且不含空格，密码为 6 到 128 个字符。",
  error2001: "对方不存在或者已被禁用。",
  error3003: "用户不存在。",
  error3004: "你的账号已被禁用。",
  error3010: "用户名或密码错误。",
  error3011: "用户名已被占用。",
  error3012: "请重新登录。",
  error5000: "服务器出错了。",
  error5001: "服务暂时不可用，请稍后重试。",
  error5002: "服务繁忙，请稍后重试。",
};

const words = { en, zh };
let language = stored() ?? (navigator.language.startsWith("zh") ? "zh" : "en");
document.documentElement.lang = language;

/** The text of *key*, its `{name}`s filled in. */
export function t(key, values = {}) {
  return words[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Whether there is a text of that name. */
export function hasText(key) {
  return key in words[language];
}

/** What a person reads of an error: in the page's language where its code is known, else the server's own words. */
export function errorText({ code, message }) {
  return hasText(`error${code}`) ? t(`error${code}`) : message;
}

/** The locale for dates: the browser's own where it speaks the page's language. */
export function locale() {
  if (navigator.language.startsWith(language)) return navigator.language;
  return language === "zh" ? "zh-CN" : "en";
}

/** Change to the other language and keep the choice. */
export function switchLanguage() {
  language = language === "zh" ? "en" : "zh";
  document.documentElement.lang = language;
  localStorage.setItem(KEY, language);
}

function stored() {
  const value = localStorage.getItem(KEY);
  return value in words ? value : null;
}
