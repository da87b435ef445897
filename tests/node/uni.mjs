// The part of uni-app's `uni` that the adapters of web/client/README.md use, on Node. Globals that a mini-program does
// not have are removed.
import http from "node:http";
import WebSocket from "ws";

for (const name of ["fetch", "WebSocket", "crypto", "TextEncoder", "AbortController", "AbortSignal", "navigator", "Blob", "btoa", "atob"])
  Object.defineProperty(globalThis, name, { value: undefined, configurable: true });

const kept = new Map();

globalThis.uni = {
  connectSocket({ url }) {
    const socket = new WebSocket(url);
    return {
      onMessage: (listener) => socket.on("message", (data) => listener({ data: data.toString() })),
      onClose: (listener) => socket.on("close", (code) => listener({ code })),
      onError: (listener) => socket.on("error", listener),
      send: ({ data }) => socket.send(data),
      close: () => socket.close(),
    };
  },
  request({ url, method, header, data, success, fail }) {
    const request = http.request(url, { method, headers: header }, async (response) => {
      const text = (await response.toArray()).join("");
      success({ statusCode: response.statusCode, data: JSON.parse(text), header: response.headers });
    });
    request.on("error", (error) => fail({ errMsg: String(error) }));
    request.end(data);
  },
  getStorageSync: (key) => kept.get(key) ?? "",
  setStorageSync: (key, value) => kept.set(key, value),
  removeStorageSync: (key) => kept.delete(key),
  getStorageInfoSync: () => ({ keys: [...kept.keys()] }),
  onNetworkStatusChange() {},
  onAppShow() {},
};
