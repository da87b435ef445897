'use strict';

// Egg as it is deployed: a master, an agent and one worker.
require('egg').startCluster({
  baseDir: __dirname,
  workers: 1,
  hostname: process.env.HOST,
  port: Number(process.env.PORT),
});
