'use strict';

module.exports = app => {
  const { bench, chat } = app.controller;
  app.ws.use(app.middlewares.chatUser(app));
  app.ws.route('/ws', bench.connect);
  app.ws.route('/echo', bench.echo);
  app.ws.route('/room/:room', bench.room);
  app.router.post('/chat/send', app.middlewares.httpUser(app), chat.send);
  app.router.get('/stats', bench.stats);
};
