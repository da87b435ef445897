"""Every error that a client may see.

ChatError
├── Refused         one request fails; the connection stays open
│   └── Temporary   ... and the same request may succeed later
└── Disconnected    a socket is closed with `close_code`, an HTTP request is answered with 401

`code` and `close_code` are part of the protocol: they are never changed and never reused. After a
`close_code` under 4500 the client should reconnect, from 4500 on only once something has changed.
The errors stand here in the order of their codes.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from yolk import ApiError

RETRY_SECONDS = (3, 10)
"""After how many seconds clients may return to an overloaded server: from, to."""


class ChatError(ApiError):
    """
    The base of all errors that a client may see.

    A subclass has its texts in Chinese and in English.
    """

    zh: ClassVar[str]
    en: ClassVar[str]

    def __init__(self) -> None:
        Exception.__init__(self, self.en)

    def text(self, locale: str) -> str:
        """Return the text for *locale*."""
        return self.zh if locale == "zh" else self.en

    @classmethod
    def texts(cls) -> Mapping[str, str]:
        """Return the texts by locale."""
        return {"zh": cls.zh, "en": cls.en}

    def close_notice(self) -> str:
        """Return the frame that is sent before a close; Egg's tutorial has it word for word."""
        return msgspec.json.encode({"msg": "fail", "data": self.zh}).decode()


class Refused(ChatError):
    """One request fails; the connection stays open."""


class Temporary(Refused):
    """The same request may succeed later."""

    status = 503
    temporary = True


class Disconnected(ChatError):
    """The connection is closed, or not opened."""

    status = 401
    close_code: ClassVar[int]


# --- 1xxx: frames


class UnreadableFrame(Refused):
    """The frame is not JSON, or not an object with a type."""

    code = 1001
    zh = "无法识别的消息"
    en = "The frame cannot be parsed"


class InvalidData(Refused):
    """A field is missing or invalid."""

    code = 1002
    zh = "参数错误"
    en = "Invalid data"

    def __init__(self, detail: str) -> None:
        super().__init__()
        self.detail = detail

    def text(self, locale: str) -> str:
        """Return the text, and what is invalid."""
        return f"{super().text(locale)}: {self.detail}"


class UnknownType(Refused):
    """There is no such type of frame."""

    code = 1003
    zh = "未知的消息类型"
    en = "Unknown frame type"


# --- 200x: messages, conversations and contacts


class NoRecipient(Refused):
    """The recipient does not exist, or is disabled."""

    code = 2001
    zh = "对方不存在或者被禁用，不能发消息"
    en = "The recipient does not exist or was disabled"


class NoConversation(Refused):
    """The conversation does not exist, or you are not a member of it."""

    code = 2002
    status = 404
    zh = "会话不存在"
    en = "This conversation does not exist"


class Blocked(Refused):
    """The recipient has blocked the sender."""

    code = 2003
    zh = "对方把你拉黑了"
    en = "The recipient has blocked you"


class NoSuchPerson(Refused):
    """The user does not exist."""

    code = 2004
    status = 404
    zh = "用户不存在"
    en = "There is no such user"


class NotStorable(Refused):
    """The database rejects this message, and would reject it again."""

    code = 2005
    zh = "消息无法保存"
    en = "This message cannot be stored"


class NoMessage(Refused):
    """The message does not exist, or it is not yours."""

    code = 2006
    status = 404
    zh = "消息不存在"
    en = "This message does not exist"


class TooLate(Refused):
    """The message was sent too long ago to be recalled."""

    code = 2007
    zh = "消息发送时间过长, 不能撤回"
    en = "The message was sent too long ago to be recalled"


class StrangersRefused(Refused):
    """The recipient accepts messages only from users that they have written to."""

    code = 2008
    zh = "对方不接收陌生人的消息"
    en = "The recipient does not accept messages from strangers"


class AwaitingReply(Refused):
    """The recipient accepts one message from a stranger until they answer it."""

    code = 2009
    zh = "对方回复之前只能发送一条消息"
    en = "You can send one message until the recipient replies"


# --- 201x: groups


class NoGroup(Refused):
    """The group does not exist, or you are not a member; the answer does not say which."""

    code = 2010
    status = 404
    zh = "群组不存在或者你不在群中"
    en = "This group does not exist, or you are not a member"


class NotPermitted(Refused):
    """Your role in the group does not permit this."""

    code = 2011
    status = 403
    zh = "你没有权限进行此操作"
    en = "You do not have permission to do this"


class Muted(Refused):
    """An administrator of the group muted you."""

    code = 2012
    zh = "你已被禁言"
    en = "You have been muted"


class AllMuted(Refused):
    """All members of the group except administrators are muted."""

    code = 2013
    zh = "全员禁言中"
    en = "Only administrators may write in this group"


class OwnerMustStay(Refused):
    """The owner must transfer or dissolve the group before leaving it."""

    code = 2014
    zh = "群主须先转让或解散群组"
    en = "Transfer ownership or dissolve the group first"


class GroupFull(Refused):
    """The group does not have room for all of these users."""

    code = 2015
    zh = "群成员已满"
    en = "The group does not have room for all of them"


class NoMember(Refused):
    """The user that the request is about is not a member of the group."""

    code = 2016
    status = 404
    zh = "对方不在群中"
    en = "This user is not a member of the group"


class RequestsFull(Refused):
    """Too many join requests wait: an administrator must decide on some first."""

    code = 2017
    zh = "待处理的入群申请过多"
    en = "This group has too many pending join requests"


# --- 203x: blocked users


class BlocksThemselves(Refused):
    """Users cannot block themselves."""

    code = 2030
    zh = "不能拉黑自己"
    en = "You cannot block yourself"


class TooManyBlocked(Refused):
    """You have blocked the maximum number of users."""

    code = 2031
    zh = "黑名单已满"
    en = "You have blocked as many people as you can"


# --- 204x: edits and references


class TooLateToEdit(Refused):
    """The message was sent too long ago to be edited."""

    code = 2040
    zh = "消息发送时间过长, 不能编辑"
    en = "The message was sent too long ago to be edited"


class NotText(Refused):
    """Only text messages can be edited."""

    code = 2041
    zh = "只能编辑文本消息"
    en = "Only text messages can be edited"


class NoReply(Refused):
    """The message to reply to is not in this conversation, or not visible to the sender."""

    code = 2042
    zh = "回复的消息不存在"
    en = "The message you reply to does not exist"


class NoForward(Refused):
    """The message to forward is not in a conversation of the sender."""

    code = 2043
    zh = "转发的消息不存在"
    en = "The message you forward does not exist"


class NoMention(Refused):
    """A mentioned user is not in the conversation."""

    code = 2044
    zh = "被提及的用户不在会话中"
    en = "A mentioned user is not in this conversation"


class MentionsAll(Refused):
    """Only an administrator of a group may mention all members."""

    code = 2045
    status = 403
    zh = "只有群主和管理员可以提及所有人"
    en = "Only the owner and administrators can mention everyone"


# --- 205x: plugins


class RefusedByPlugin(Refused):
    """
    A plugin refused the message.

    Args:
        code: 2050 to 2059, whose meaning the plugin defines; any other becomes 2050.
        message: the plugin's text, in place of the default one.
    """

    code = 2050
    zh = "消息被拒绝"
    en = "The message was refused"

    def __init__(self, code: int = 2050, message: str = "") -> None:
        super().__init__()
        if code in range(2050, 2060):
            self.code = code
        self.message = message

    def text(self, locale: str) -> str:
        """Return the plugin's text, or the default one."""
        return self.message or super().text(locale)


# --- 206x and 207x: files and pictures


class NoFile(Refused):
    """The file does not exist, or you may not read it; the answer does not say which."""

    code = 2060
    status = 404
    zh = "文件不存在"
    en = "This file does not exist"


class TypeRefused(Refused):
    """The type of the file is not allowed, or does not fit the type of the message."""

    code = 2061
    status = 415
    zh = "不支持的文件类型"
    en = "This type of file is not allowed"


class FileTooLarge(Refused):
    """The file has more bytes than its type allows."""

    code = 2062
    status = 413
    zh = "文件太大"
    en = "The file is too large"


class NameRefused(Refused):
    """The name of a file or folder is empty, too long, or a path."""

    code = 2063
    zh = "文件名或文件夹名不合法"
    en = "This file or folder name is not allowed"


class UploadBroken(Refused):
    """The body is not a multipart form with a file, or ended before the file did."""

    code = 2064
    zh = "上传不完整"
    en = "The upload is incomplete"


class BadPicture(Refused):
    """The image cannot be read, or has too many pixels."""

    code = 2065
    zh = "图片无法识别或像素过多"
    en = "The image cannot be read, or has too many pixels"


class OffsetConflict(Refused):
    """The offset is not the end of the upload: ask for the current one."""

    code = 2066
    status = 409
    zh = "上传位置不一致"
    en = "The offset does not match the upload"


class ChecksumMismatch(Refused):
    """The received bytes do not match the checksum: send them again."""

    code = 2067
    status = 460
    zh = "校验和不一致"
    en = "The checksum does not match"


class PictureTooComplex(Refused):
    """Decoding the image takes too much time or memory."""

    code = 2072
    status = 422
    zh = "图片过于复杂, 无法处理"
    en = "The image is too complex to process"


class FileSpaceFull(Refused):
    """The user keeps as many bytes or files as they may: delete some first."""

    code = 2073
    status = 413
    zh = "文件空间已满, 请先删除一些文件"
    en = "Your file storage is full. Delete some files first"


# --- 212x: joining groups


class NoInvitation(Refused):
    """There is no such invitation to a group, or it is no longer valid."""

    code = 2120
    status = 404
    zh = "邀请不存在或已失效"
    en = "This invitation does not exist or is no longer valid"


class BadLink(Refused):
    """The invitation link does not exist, has expired, was used up or revoked."""

    code = 2121
    status = 404
    zh = "邀请链接无效或已过期"
    en = "This invite link is invalid or has expired"


class Excluded(Refused):
    """You were removed from the group, or banned; the answer does not say which."""

    code = 2122
    status = 403
    zh = "你已被移出该群, 需由管理员重新邀请"
    en = "You were removed from this group. An admin has to invite you again"


class TooManyLinks(Refused):
    """The group has the maximum number of invitation links: revoke one first."""

    code = 2123
    zh = "该群的邀请链接过多"
    en = "This group has too many invite links. Revoke one first"


class TooManyBanned(Refused):
    """The group has banned the maximum number of users."""

    code = 2124
    zh = "该群的黑名单已满"
    en = "This group has banned as many users as it can"


# --- 215x: reports


class NoReport(Refused):
    """There is no such report."""

    code = 2150
    status = 404
    zh = "举报不存在"
    en = "There is no such report"


class ReportsThemselves(Refused):
    """Users cannot report themselves, or their own messages."""

    code = 2151
    zh = "不能举报自己"
    en = "You cannot report yourself"


# --- 217x: repetitions


class CidReused(Refused):
    """A message to another conversation has this `cid`."""

    code = 2170
    status = 409
    zh = "该消息标识已用于其他会话"
    en = "This cid was used in another conversation"


# --- 30xx: tokens, sessions and accounts


class BadToken(Disconnected):
    """The token is missing or invalid."""

    code = 3001
    close_code = 4502
    zh = "Token 令牌不合法!"
    en = "Invalid token"


class TokenExpired(Disconnected):
    """The token has expired: refresh it and reconnect."""

    code = 3002
    close_code = 4009
    zh = "token 已过期! 请重新获取令牌"
    en = "The token has expired, get a new one"


class NoSuchUser(Disconnected):
    """The token's user does not exist."""

    code = 3003
    close_code = 4500
    zh = "用户不存在"
    en = "There is no such user"


class UserDisabled(Disconnected):
    """The user is disabled."""

    code = 3004
    status = 403
    close_code = 4501
    zh = "你已被禁用"
    en = "You have been disabled"


class LoggedOut(Disconnected):
    """The token's session was revoked."""

    code = 3005
    close_code = 4505
    zh = "你已退出登录"
    en = "You have logged out"


class LoggedInElsewhere(Disconnected):
    """Another device logged in, and only one may be connected."""

    code = 3006
    close_code = 4503
    zh = "你的账号在其他设备登录"
    en = "Your account was logged in on another device"


class WrongPassword(Refused):
    """The username or the password is wrong; the answer does not say which."""

    code = 3010
    status = 401
    zh = "用户名或密码错误"
    en = "Wrong username or password"


class NameTaken(Refused):
    """Another user has this username."""

    code = 3011
    zh = "用户名已被占用"
    en = "This username is taken"


class BadRefreshToken(Refused):
    """The refresh token is unknown, used, expired or revoked: log in again."""

    code = 3012
    status = 401
    zh = "登录已失效, 请重新登录"
    en = "Please log in again"


# --- 310x: refresh tokens, passwords and names


class RefreshTokenReused(Refused):
    """The refresh token was replaced before, so somebody may have stolen it: log in again."""

    code = 3100
    status = 401
    zh = "登录凭证被重复使用, 为了账号安全已退出登录, 请重新登录"
    en = "This login was used from two places and has been ended for your security, log in again"


class NameNotAllowed(Refused):
    """A username or display name has invisible or forbidden characters, or mixes alphabets."""

    code = 3101
    zh = "名称包含不支持的字符, 或混用了多种文字"
    en = "This name has characters that are not allowed, or mixes alphabets"


class PasswordNotAllowed(Refused):
    """A password has control or invisible characters."""

    code = 3102
    zh = "密码包含不支持的字符"
    en = "This password has characters that are not allowed"


class WrongOldPassword(Refused):
    """The current password, which confirms a change, is wrong."""

    code = 3103
    zh = "密码错误"
    en = "The current password is wrong"


class BadResetToken(Refused):
    """The token that resets a password is unknown, used or expired: request a new one."""

    code = 3104
    zh = "重置链接无效或已过期, 请重新获取"
    en = "This reset token is invalid or has expired, request a new one"


class MailUnavailable(Refused):
    """The server sends no mail, so passwords are reset by an administrator."""

    code = 3105
    status = 404
    zh = "未开启邮件找回密码, 请联系管理员"
    en = "Passwords cannot be reset by mail on this server, ask an administrator"


class OwnsGroups(Refused):
    """An account that owns groups cannot be deleted: transfer or dissolve them first."""

    code = 3106
    zh = "请先转让或解散你创建的群组"
    en = "Transfer ownership of your groups or dissolve them first"


# --- 312x: administrators


class NotAdministrator(Refused):
    """Only administrators of the server may do this."""

    code = 3120
    status = 403
    zh = "仅限管理员操作"
    en = "Only administrators can do this"


class IsAdministrator(Refused):
    """The account of an administrator can be changed on the command line only."""

    code = 3121
    status = 403
    zh = "管理员账号只能通过命令行修改"
    en = "Administrator accounts can only be changed on the command line"


# --- 313x: tokens over sockets


class OtherUser(Refused):
    """The token that a socket is given belongs to another user."""

    code = 3130
    status = 403
    zh = "令牌不属于当前用户"
    en = "This token belongs to another user"


# --- 4xxx: limits


class Limited(Temporary):
    """
    Something was done too often.

    Args:
        retry_after: seconds after which it may be done again.
    """

    status = 429

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__()
        self.retry_after = retry_after


class TooManyBytes(Temporary):
    """The user has too many bytes of unfinished uploads."""

    code = 4001
    status = 429
    zh = "正在上传的文件过多, 请稍后重试"
    en = "You have too many uploads in progress, please try again later"


class TooManyChanges(Limited):
    """The account was changed too often, or a password was asked for too often."""

    code = 4100
    zh = "操作过于频繁, 请稍后重试"
    en = "You are changing your account too often, please try again later"


class ExportRunning(Limited):
    """Another export of the user's data is running."""

    code = 4101
    zh = "正在导出, 请等待完成"
    en = "Your data is being exported already, wait until it is complete"


class TooManyInvitations(Temporary):
    """Too many users have not answered your invitations to groups yet."""

    code = 4120
    status = 429
    zh = "待对方接受的邀请过多, 请稍后再试"
    en = "Too many of your invitations are pending. Please try again later"


class TooManyReports(Limited):
    """The user has sent the largest number of reports of a day."""

    code = 4130
    zh = "举报过于频繁, 请稍后再试"
    en = "You have sent too many reports, please try again later"


class TooManySockets(Disconnected):
    """The user, or the address, has too many open sockets."""

    code = 4140
    status = 429
    close_code = 4504
    zh = "连接数过多"
    en = "Too many connections"


class TooManyLogins(Limited):
    """Too many failed logins to this account, or too many logins from this address."""

    code = 4150
    zh = "登录尝试过于频繁, 请稍后再试"
    en = "Too many login attempts, please try again later"


class LoginsBusy(Limited):
    """Too many logins of all users from addresses that they have not used before."""

    code = 4151
    zh = "当前登录人数过多, 请稍后再试"
    en = "Too many people are logging in, please try again later"


class TooManyRegistrations(Limited):
    """Too many accounts were registered from this address."""

    code = 4152
    zh = "注册过于频繁, 请稍后再试"
    en = "Too many accounts were created from your network, please try again later"


class TooManyTickets(Limited):
    """The user asked for too many tickets."""

    code = 4153
    zh = "操作过于频繁, 请稍后再试"
    en = "You are doing this too often, please try again later"


class TooManySends(Limited):
    """The user sends too many messages."""

    code = 4154
    zh = "发送过于频繁, 请稍后再试"
    en = "You are sending too many messages, please try again later"


class TooManyGroups(Limited):
    """The user created too many groups."""

    code = 4155
    zh = "创建群组过于频繁, 请稍后再试"
    en = "You created too many groups, please try again later"


class TooManySearches(Limited):
    """The user searches too often."""

    code = 4156
    zh = "搜索过于频繁, 请稍后再试"
    en = "You are searching too often, please try again later"


class TooManyUploads(Limited):
    """The user began too many uploads."""

    code = 4190
    zh = "上传过于频繁, 请稍后再试"
    en = "You are uploading too often, please try again later"


# --- 420x: limits of what a user does to others


class TooManyAdded(Limited):
    """The user added too many users to groups."""

    code = 4200
    zh = "添加群成员过于频繁, 请稍后再试"
    en = "You added too many people to groups, please try again later"


class TooManyInvites(Limited):
    """The user made too many invitations to groups, and links."""

    code = 4201
    zh = "邀请过于频繁, 请稍后再试"
    en = "You sent too many invitations, please try again later"


class TooManyStrangers(Limited):
    """The user wrote to too many users who never wrote to them."""

    code = 4202
    zh = "给陌生人发消息过于频繁, 请稍后再试"
    en = "You wrote to too many people who don't know you, please try again later"


class TooManyToStrangers(Limited):
    """The user sends too many messages to users who never wrote to them."""

    code = 4203
    zh = "对方尚未回复, 发送过于频繁, 请稍后再试"
    en = "You sent too many messages to people who have not replied, please try again later"


class TooManyWatched(Limited):
    """The socket would watch too many users, or the user asks for presence too often."""

    code = 4204
    zh = "订阅在线状态过多, 请稍后再试"
    en = "You follow the presence of too many people, please try again later"


class TooManyTyping(Limited):
    """The user shows the typing indicator too often."""

    code = 4205
    zh = "操作过于频繁, 请稍后再试"
    en = "You are doing this too often, please try again later"


class ProofRequired(Refused):
    """A registration needs a proof of work: solve a challenge first."""

    code = 4206
    status = 403
    zh = "请先完成安全验证"
    en = "Complete the security check first"


class BadProof(Refused):
    """The proof of work is none, has expired or was used before: solve another challenge."""

    code = 4207
    status = 403
    zh = "安全验证无效或已过期, 请重试"
    en = "The security check is invalid or has expired, please try again"


# --- 5xxx: the server


class ServerFault(Refused):
    """An unexpected error; the log has the details."""

    code = 5000
    status = 500
    zh = "服务器内部错误"
    en = "Internal server error"


class Unavailable(Temporary):
    """The database or Redis is unavailable."""

    code = 5001
    close_code = 4002
    zh = "服务暂时不可用, 请稍后重试"
    en = "The service is temporarily unavailable, please try again later"


class Busy(Temporary):
    """A queue is full."""

    code = 5002
    zh = "服务繁忙, 请稍后重试"
    en = "The service is busy, please try again later"


class StorageUnavailable(Temporary):
    """The storage of files is full or unavailable."""

    code = 5004
    zh = "文件存储暂时不可用, 请稍后重试"
    en = "File storage is temporarily unavailable, please try again later"


class UploadInUse(Temporary):
    """Another request is writing to this upload."""

    code = 5005
    status = 423
    zh = "该文件正在上传, 请稍后重试"
    en = "Another request is writing to this upload, please try again later"


class Overloaded(Temporary):
    """
    The server has too much to do for those who are connected.

    `retry_after` is random, so that clients do not all return at once.
    """

    code = 5120
    zh = "当前访问人数过多, 请稍后重试"
    en = "The server is receiving too many requests, please try again later"

    def __init__(self) -> None:
        super().__init__()
        self.retry_after = random.randint(*RETRY_SECONDS)  # noqa: S311 - no secret
