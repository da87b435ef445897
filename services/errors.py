"""Everything that can go wrong and that a client may be told.

ChatError
├── Refused         one request fails; the connection lives on
│   └── Temporary   ... and the same request may succeed later
└── Disconnected    who one is: a socket is closed with `close_code`, an HTTP request gets 401

`code` and `close_code` are wire protocol: never renumbered, never reused. 1xxx the frame, 2xxx
chat, 3xxx who one is and what one may, 4xxx limits, 5xxx temporary. A `close_code` under 4500
means "come back", from 4500 on "do not, until something changed".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from yolk import ApiError


class ChatError(ApiError):
    """Base of all errors that a client may see."""

    zh: ClassVar[str]
    en: ClassVar[str]

    def __init__(self) -> None:
        Exception.__init__(self, self.en)

    def text(self, locale: str) -> str:
        """Say it in the language of people."""
        return self.zh if locale == "zh" else self.en

    @classmethod
    def texts(cls) -> Mapping[str, str]:
        """Give what people may read, by language."""
        return {"zh": cls.zh, "en": cls.en}

    def close_notice(self) -> str:
        """Return the frame that is sent before a close; Egg's tutorial has it word for word."""
        return msgspec.json.encode({"msg": "fail", "data": self.zh}).decode()


class Refused(ChatError):
    """One request fails; the connection lives on."""


class UnreadableFrame(Refused):
    """What came is not JSON, or not an object with a type."""

    code = 1001
    zh = "无法识别的消息"
    en = "The frame cannot be read"


class InvalidData(Refused):
    """A field is missing or not what it should be."""

    code = 1002
    zh = "参数错误"
    en = "Invalid data"

    def __init__(self, detail: str) -> None:
        super().__init__()
        self.detail = detail

    def text(self, locale: str) -> str:
        """Say it, with what is wrong."""
        return f"{super().text(locale)}: {self.detail}"


class UnknownType(Refused):
    """Nobody here knows this type of frame."""

    code = 1003
    zh = "未知的消息类型"
    en = "Unknown type of frame"


class NoRecipient(Refused):
    """The recipient does not exist, or was disabled."""

    code = 2001
    zh = "对方不存在或者被禁用，不能发消息"
    en = "The recipient does not exist or was disabled"


class Blocked(Refused):
    """The recipient does not want to hear from this person."""

    code = 2003
    zh = "对方把你拉黑了"
    en = "The recipient has blocked you"


class StrangersRefused(Refused):
    """The recipient hears only from people that they have written to."""

    code = 2008
    zh = "对方不接收陌生人的消息"
    en = "The recipient takes no messages from strangers"


class AwaitingReply(Refused):
    """The recipient takes one message from a stranger until it is answered."""

    code = 2009
    zh = "对方回复之前只能发送一条消息"
    en = "You can send one message until the recipient answers"


class NoGroup(Refused):
    """There is no such group, or one is not in it; which of the two is not said."""

    code = 2010
    status = 404
    zh = "群组不存在或者你不在群中"
    en = "There is no such group, or you are not in it"


class NotPermitted(Refused):
    """One's role in the group does not allow it."""

    code = 2011
    status = 403
    zh = "你没有权限进行此操作"
    en = "You are not permitted to do this"


class Muted(Refused):
    """An administrator of the group muted this member."""

    code = 2012
    zh = "你已被禁言"
    en = "You have been muted"


class AllMuted(Refused):
    """Only administrators of this group may write."""

    code = 2013
    zh = "全员禁言中"
    en = "Only administrators may write in this group"


class OwnerMustStay(Refused):
    """Somebody has to own the group: the owner hands it over first, or dissolves it."""

    code = 2014
    zh = "群主须先转让或解散群组"
    en = "The owner must hand the group over or dissolve it first"


class GroupFull(Refused):
    """Not all who would come in have room."""

    code = 2015
    zh = "群成员已满"
    en = "The group has no room for so many"


class NoMember(Refused):
    """The person that this is about is not in the group."""

    code = 2016
    status = 404
    zh = "对方不在群中"
    en = "This person is not in the group"


class RequestsFull(Refused):
    """Too many wait to be let in: an administrator has to decide first."""

    code = 2017
    zh = "待处理的入群申请过多"
    en = "Too many people wait to be let into this group"


class RefusedByPlugin(Refused):
    """
    A plugin says no.

    Args:
        code: 2050 to 2059, which mean what the installed plugin says; any other becomes 2050.
        message: in the plugin's words; by default ours.
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
        """Say it in the plugin's words, or in ours."""
        return self.message or super().text(locale)


class NoConversation(Refused):
    """There is no such conversation, or one is not in it."""

    code = 2002
    status = 404
    zh = "会话不存在"
    en = "There is no such conversation"


class NoMessage(Refused):
    """There is no such message, or it is not one's own."""

    code = 2006
    status = 404
    zh = "消息不存在"
    en = "There is no such message"


class TooLate(Refused):
    """The message was sent too long ago to be taken back."""

    code = 2007
    zh = "消息发送时间过长, 不能撤回"
    en = "The message was sent too long ago to be recalled"


class BlocksThemselves(Refused):
    """Nobody can block themselves."""

    code = 2030
    zh = "不能拉黑自己"
    en = "You cannot block yourself"


class TooManyBlocked(Refused):
    """One has blocked as many people as one may."""

    code = 2031
    zh = "黑名单已满"
    en = "You have blocked as many people as you can"


class TooLateToEdit(Refused):
    """The message was sent too long ago to be changed."""

    code = 2040
    zh = "消息发送时间过长, 不能编辑"
    en = "The message was sent too long ago to be edited"


class NotText(Refused):
    """Only texts can be edited."""

    code = 2041
    zh = "只能编辑文本消息"
    en = "Only a text can be edited"


class NoReply(Refused):
    """The message that this one answers is not in this conversation, or not for this person."""

    code = 2042
    zh = "回复的消息不存在"
    en = "The message that this one answers does not exist"


class NoForward(Refused):
    """The message that this one forwards is in no conversation of this person."""

    code = 2043
    zh = "转发的消息不存在"
    en = "The message that this one forwards does not exist"


class NoMention(Refused):
    """Somebody who is mentioned is not in the conversation."""

    code = 2044
    zh = "被提及的用户不在会话中"
    en = "Somebody who is mentioned is not in this conversation"


class MentionsAll(Refused):
    """Only an administrator of a group may mention all of it."""

    code = 2045
    status = 403
    zh = "只有群主和管理员可以提及所有人"
    en = "Only administrators of a group may mention everybody"


class NoFile(Refused):
    """There is no such file, or one may not read it; which of the two is not said."""

    code = 2060
    status = 404
    zh = "文件不存在"
    en = "There is no such file"


class TypeRefused(Refused):
    """What the file holds may not be uploaded, or does not fit what it is sent as."""

    code = 2061
    status = 415
    zh = "不支持的文件类型"
    en = "This type of file is not allowed"


class FileTooLarge(Refused):
    """The file has more bytes than its type may have."""

    code = 2062
    status = 413
    zh = "文件太大"
    en = "The file is too large"


class NameRefused(Refused):
    """The name of a file or a folder is empty, too long, or a path."""

    code = 2063
    zh = "文件名或文件夹名不合法"
    en = "This name of a file or folder is not allowed"


class UploadBroken(Refused):
    """The body is no multipart form with a file, or ended before the file did."""

    code = 2064
    zh = "上传不完整"
    en = "The upload is incomplete"


class BadPicture(Refused):
    """The picture cannot be read, or has too many pixels."""

    code = 2065
    zh = "图片无法识别或像素过多"
    en = "The picture cannot be read, or has too many pixels"


class OffsetConflict(Refused):
    """There are more bytes of the upload than the client believes, or fewer: ask how many."""

    code = 2066
    status = 409
    zh = "上传位置不一致"
    en = "The upload is not where you believe it to be"


class ChecksumMismatch(Refused):
    """What came is not what was sent: send it again."""

    code = 2067
    status = 460
    zh = "校验和不一致"
    en = "The checksum does not match"


class NotStorable(Refused):
    """The database refuses this message, and would again."""

    code = 2005
    zh = "消息无法保存"
    en = "The message cannot be stored"


class NoSuchPerson(Refused):
    """Nobody has this id."""

    code = 2004
    status = 404
    zh = "用户不存在"
    en = "There is no such user"


class WrongPassword(Refused):
    """The name or the password is wrong; which one is not said."""

    code = 3010
    status = 401
    zh = "用户名或密码错误"
    en = "Wrong username or password"


class NameTaken(Refused):
    """Somebody else has this username."""

    code = 3011
    zh = "用户名已被占用"
    en = "This username is taken"


class BadRefreshToken(Refused):
    """The refresh token is unknown, used, expired or revoked: log in again."""

    code = 3012
    status = 401
    zh = "登录已失效, 请重新登录"
    en = "Please log in again"


class ServerFault(Refused):
    """Our fault; the log says what."""

    code = 5000
    status = 500
    zh = "服务器内部错误"
    en = "Internal server error"


class Temporary(Refused):
    """The same request may succeed later."""

    status = 503
    temporary = True


class Unavailable(Temporary):
    """The database or Redis is away."""

    code = 5001
    close_code = 4002
    zh = "服务暂时不可用, 请稍后重试"
    en = "The service is unavailable for a moment, please try again"


class Busy(Temporary):
    """A queue is full."""

    code = 5002
    zh = "服务繁忙, 请稍后重试"
    en = "The service is busy, please try again"


class TooManyBytes(Temporary):
    """So many bytes of this person are on the way that no more may be."""

    code = 4001
    status = 429
    zh = "正在上传的文件过多, 请稍后重试"
    en = "Too much of yours is being uploaded, please try again later"


class StorageUnavailable(Temporary):
    """Where files are kept is full or away."""

    code = 5004
    zh = "文件存储暂时不可用, 请稍后重试"
    en = "Files cannot be stored or read for a moment, please try again"


class UploadInUse(Temporary):
    """Another request adds to this upload just now."""

    code = 5005
    status = 423
    zh = "该文件正在上传, 请稍后重试"
    en = "Another request is adding to this upload, please try again"


class Disconnected(ChatError):
    """Somebody may not be connected, or not any more."""

    status = 401
    close_code: ClassVar[int]


class BadToken(Disconnected):
    """There is no token, or it is none of ours."""

    code = 3001
    close_code = 4502
    zh = "Token 令牌不合法!"
    en = "The token is not valid"


class TokenExpired(Disconnected):
    """The token was good once: refresh it and come back."""

    code = 3002
    close_code = 4009
    zh = "token 已过期! 请重新获取令牌"
    en = "The token has expired, please get a new one"


class NoSuchUser(Disconnected):
    """The token's user does not exist."""

    code = 3003
    close_code = 4500
    zh = "用户不存在"
    en = "There is no such user"


class UserDisabled(Disconnected):
    """The user was disabled."""

    code = 3004
    status = 403
    close_code = 4501
    zh = "你已被禁用"
    en = "You have been disabled"


class LoggedOut(Disconnected):
    """The login that the token came from was ended."""

    code = 3005
    close_code = 4505
    zh = "你已退出登录"
    en = "You have logged out"


class LoggedInElsewhere(Disconnected):
    """Another device logged in, and only one may be."""

    code = 3006
    close_code = 4503
    zh = "你的账号在其他设备登录"
    en = "Your account was logged in on another device"
