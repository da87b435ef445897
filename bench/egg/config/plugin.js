'use strict';

exports.websocket = { enable: true, package: 'egg-websocket-plugin' };
exports.redis = { enable: true, package: 'egg-redis' };
exports.sequelize = { enable: true, package: 'egg-sequelize' };
