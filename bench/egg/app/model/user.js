'use strict';

// The columns of Yolk's table, which both read.
module.exports = app => {
  const { BIGINT, SMALLINT, STRING } = app.Sequelize;

  return app.model.define('user', {
    id: { type: BIGINT, primaryKey: true, autoIncrement: true },
    username: { type: STRING(30), allowNull: false },
    password: { type: STRING(255), allowNull: false },
    nickname: STRING(30),
    avatar: STRING(255),
    status: { type: SMALLINT, allowNull: false, defaultValue: 1 },
  });
};
