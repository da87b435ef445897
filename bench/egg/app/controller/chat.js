'use strict';

const { randomUUID } = require('node:crypto');
const { Controller } = require('egg');

module.exports = class ChatController extends Controller {
  // Sending, as the tutorial has it: who is online gets the message and nothing is stored; for the others it waits in
  // Redis.
  async send() {
    const { app, ctx } = this;
    const { to_id, type, data } = ctx.request.body;
    const you = await app.model.User.findOne({ where: { id: to_id, status: 1 } });
    if (!you) return ctx.answer('fail', '对方不存在或者被禁用，不能发消息');
    const me = ctx.chat_user;
    const message = {
      id: randomUUID(),
      from_id: me.id,
      from_name: me.nickname || me.username,
      to_id: you.id,
      to_name: you.nickname || you.username,
      chat_type: 'single',
      type,
      data,
      options: null,
      create_time: Date.now(),
      isremove: 0,
    };
    const text = JSON.stringify(message);
    const socket = app.ws.chat_user[you.id];
    if (socket) socket.send(`{"msg":"ok","data":${text}}`);
    else await app.redis.rpush(`getmessage_${you.id}`, text);
    ctx.answer('ok', message);
  }
};
