"""Tables. A model says what is stored, and nothing of what may be done with it."""

from models.conversation import Conversation
from models.member import Member
from models.message import Message
from models.session import Session
from models.user import User

__all__ = ["Conversation", "Member", "Message", "Session", "User"]

__models__ = [User, Session, Conversation, Member, Message]
