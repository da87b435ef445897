'use strict';

// Who may open a socket, as the tutorial has it: a good token, a user, who is not disabled; then on line.
module.exports = app => {
  const users = (app.ws.chat_user = {});

  return async function chatUser(ctx, next) {
    try {
      const { id } = ctx.checkToken(ctx.query.token);
      const user = await app.model.User.findByPk(id);
      if (!user) return refuse(ctx, '用户不存在');
      if (!user.status) return refuse(ctx, '你已被禁用');
      ctx.websocket.chat_user_id = id;
      users[id] = ctx.websocket;
      ctx.online(id);
      await next();
    } catch (error) {
      ctx.logger.error(error);
      refuse(ctx, error.name === 'TokenExpiredError' ? 'token 已过期! 请重新获取令牌' : 'Token 令牌不合法!');
    }
  };
};

function refuse(ctx, data) {
  ctx.websocket.send(JSON.stringify({ msg: 'fail', data }));
  ctx.websocket.close();
}
