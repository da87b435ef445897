"""Files, and the messages that they are attached to."""

from __future__ import annotations

from tortoise import Model, fields
from uuid_utils.compat import uuid7

from models.columns import ExactCharField, milliseconds


class File(Model):
    """
    An uploaded file.

    The content is in the storage under its hash, once, however often it was uploaded. A row is
    written after the content is stored, not before.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    # The user who uploaded it.
    user_id: fields.Field[int] = fields.BigIntField()
    # The hexadecimal SHA-256 of the stored content; pictures are stored without metadata.
    hash: fields.Field[str] = ExactCharField(max_length=64)
    name = fields.CharField(max_length=255)
    # A label chosen by the uploader; "" for none.
    folder = fields.CharField(max_length=100, default="", db_default="")
    # In bytes.
    size: fields.Field[int] = fields.BigIntField()
    # The media type, detected from the content: "image/jpeg".
    type: fields.Field[str] = ExactCharField(max_length=127)
    # Of a picture, in pixels.
    width: fields.Field[int | None] = fields.IntField(null=True)
    height: fields.Field[int | None] = fields.IntField(null=True)
    # Of a picture: a tiny, blurred preview as a `data:` URL.
    blur: fields.Field[str | None] = ExactCharField(max_length=2000, null=True)
    # 1 if there is a thumbnail of the picture.
    thumbnail: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)

    class Meta:
        """The table."""

        table = "file"
        indexes = (
            # Whether a content is still in use.
            ("hash",),
            # A user's uploads in order of time.
            ("user_id", "id"),
        )


class Attachment(Model):
    """
    A file attached to a message: users who may read the message may read the file.

    It is inserted with the message, and deleted when the message is recalled.
    """

    message_id = fields.UUIDField(primary_key=True)
    file_id = fields.UUIDField()
    conv: fields.Field[str] = ExactCharField(max_length=48)
    seq: fields.Field[int] = fields.BigIntField()

    class Meta:
        """The table."""

        table = "attachment"
        # The messages of a file.
        indexes = (("file_id",),)
