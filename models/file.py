"""Files, and the messages that carry them."""

from __future__ import annotations

from tortoise import Model, fields
from uuid_utils.compat import uuid7

from models.columns import ExactCharField, milliseconds


class File(Model):
    """
    What somebody uploaded.

    The content lies in the storage under its hash, once however often it was uploaded. A row is
    written when the content is in its place, and not before.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    # Who uploaded it.
    user_id: fields.Field[int] = fields.BigIntField()
    # The hexadecimal SHA-256 of the content as it is stored: of pictures, without their metadata.
    hash: fields.Field[str] = ExactCharField(max_length=64)
    name = fields.CharField(max_length=255)
    # A label of the uploader's choice: "" for none.
    folder = fields.CharField(max_length=100, default="", db_default="")
    # Bytes.
    size: fields.Field[int] = fields.BigIntField()
    # Found from the content: "image/jpeg".
    type: fields.Field[str] = ExactCharField(max_length=127)
    # Of pictures, in pixels.
    width: fields.Field[int | None] = fields.IntField(null=True)
    height: fields.Field[int | None] = fields.IntField(null=True)
    # Of pictures: a tiny one as a `data:` address.
    blur: fields.Field[str | None] = ExactCharField(max_length=2000, null=True)
    # 1 when there is a small copy of the picture.
    thumbnail: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)

    class Meta:
        """The table."""

        table = "file"
        indexes = (
            # Whether a content is still somebody's.
            ("hash",),
            # What a person uploaded, in the order of time.
            ("user_id", "id"),
        )


class Attachment(Model):
    """
    A message that carries a file, so that those who may read the message may read the file.

    It is written with the message and goes when the message is recalled.
    """

    message_id = fields.UUIDField(primary_key=True)
    file_id = fields.UUIDField()
    conv: fields.Field[str] = ExactCharField(max_length=48)
    seq: fields.Field[int] = fields.BigIntField()

    class Meta:
        """The table."""

        table = "attachment"
        # Who may read a file.
        indexes = (("file_id",),)
