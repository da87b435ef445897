// Signs or verifies a token as Egg applications do, with jsonwebtoken. The input is JSON on stdin:
// {"action": "sign", "claims", "key", "options"} or {"action": "verify", "token", "key", "options"}.
import { text } from "node:stream/consumers";
import jwt from "jsonwebtoken";

const { action, claims, token, key, options } = JSON.parse(await text(process.stdin));
const done = action === "sign" ? jwt.sign(claims, key, options) : jwt.verify(token, key, options);
console.log(JSON.stringify(done));
