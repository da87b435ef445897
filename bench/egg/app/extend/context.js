'use strict';

const jwt = require('jsonwebtoken');

const key = id => `online_${id}`;

module.exports = {
  checkToken(token) {
    return jwt.verify(token, this.app.config.jwt.secret);
  },

  // The form of every answer over HTTP.
  answer(msg, data) {
    this.status = msg === 'ok' ? 200 : 400;
    this.body = { msg, data };
  },

  async online(id) {
    await this.app.redis.set(key(id), JSON.stringify(process.pid));
  },

  async offline(id) {
    await this.app.redis.del(key(id));
    delete this.app.ws.chat_user[id];
  },
};
