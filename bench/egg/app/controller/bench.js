'use strict';

const { Controller } = require('egg');

module.exports = class BenchController extends Controller {
  // A user's socket: it waits for messages, and its close takes the user off line.
  async connect() {
    const { ctx } = this;
    ctx.websocket
      .on('message', () => {})
      .on('close', () => ctx.offline(ctx.websocket.chat_user_id));
    this.greet();
  }

  async echo() {
    const { websocket } = this.ctx;
    websocket.on('message', message => websocket.send(message));
    this.greet();
  }

  async room() {
    const { params, websocket } = this.ctx;
    await websocket.room.join(params.room);
    websocket.on('message', message => websocket.room.sendTo(params.room, message));
    this.greet();
  }

  // The process that serves, after it has collected its garbage.
  async stats() {
    global.gc();
    this.ctx.body = { msg: 'ok', data: { pid: process.pid, sockets: this.app.ws.clients.size } };
  }

  // Frames that come before there is a listener are lost: the load waits for this.
  greet() {
    this.ctx.websocket.send(JSON.stringify({ type: 'connected' }));
  }
};
