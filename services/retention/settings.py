"""The settings of purges."""

from __future__ import annotations

from typing import Annotated

import msgspec

Days = Annotated[int, msgspec.Meta(ge=0, le=36_500)]
"""A number of days; 0 keeps everything."""


class RetentionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is deleted by age. 0 days keep everything."""

    interval: Annotated[float, msgspec.Meta(gt=0)] = 24 * 3600
    """The time between two purges, in seconds; one worker of all does it."""
    session_days: Days = 30
    """After how many days ended and expired logins are deleted."""
    unsent_file_days: Days = 7
    """After how many days files are deleted that no message carries: those that were never sent,
    and those of recalled messages. Avatars are kept."""
    report_days: Days = 0
    """After how many days closed reports are deleted."""
    audit_days: Days = 0
    """After how many days entries of the audit are deleted."""
    single_message_days: Days = 0
    """After how many days the content of messages between two users is erased."""
    group_message_days: Days = 0
    """After how many days the content of messages in groups is erased."""
