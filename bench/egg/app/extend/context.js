'use strict';

const jwt = require('jsonwebtoken');

const key = id => `online_${id}`;

module.exports = {
  checkToken(token) {
    return jwt.verify(token, this.app.config.jwt.secret);
  },

  async online(id) {
    await this.app.redis.set(key(id), JSON.stringify(process.pid));
  },

  async offline(id) {
    await this.app.redis.del(key(id));
    delete this.app.ws.chat_user[id];
  },
};
