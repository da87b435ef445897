'use strict';

module.exports = app => {
  const { bench } = app.controller;
  app.ws.use(app.middlewares.chatUser(app));
  app.ws.route('/ws', bench.connect);
  app.ws.route('/echo', bench.echo);
  app.ws.route('/room/:room', bench.room);
  app.router.get('/stats', bench.stats);
};
