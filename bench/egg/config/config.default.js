'use strict';

const path = require('path');

const { DATABASE_URL, JWT_SECRET, REDIS_URL, YOLK_DATA } = process.env;
const redis = { path: new URL(REDIS_URL).pathname, password: '', db: 0 };

module.exports = {
  keys: JWT_SECRET,
  jwt: { secret: JWT_SECRET },
  // Tokens stand in a header: there is no cookie that a foreign page could use.
  security: { csrf: { enable: false } },
  redis: { client: redis },
  websocket: { redis },
  sequelize: {
    connectionUri: DATABASE_URL,
    dialect: 'postgres',
    port: 5432, // egg-sequelize lays MySQL's over the URL
    username: 'postgres',
    define: { timestamps: false, freezeTableName: true, underscored: true },
    // By default every query is a line in the log; Yolk writes none, so that would not be fair.
    logging: false,
    benchmark: false,
  },
  logger: { dir: path.join(YOLK_DATA, 'logs') },
  rundir: path.join(YOLK_DATA, 'run'),
};
