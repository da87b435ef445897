'use strict';

// Who asks over HTTP, as the tutorial has it: a good token in the header, and a user who is not disabled.
module.exports = app => async function httpUser(ctx, next) {
  let id;
  try {
    id = ctx.checkToken(ctx.header.token).id;
  } catch (error) {
    return ctx.answer('fail', error.name === 'TokenExpiredError' ? 'token 已过期! 请重新获取令牌' : 'Token 令牌不合法!');
  }
  const user = await app.model.User.findByPk(id);
  if (!user || !user.status) return ctx.answer('fail', '用户不存在或已被禁用');
  ctx.chat_user = user;
  await next();
};
