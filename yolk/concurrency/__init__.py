"""Patterns for concurrent code: batches, queues, limits, repetition and cancellation."""

from yolk.concurrency.batched_loader import BatchedLoader
from yolk.concurrency.batcher import Batcher
from yolk.concurrency.cancellation import release_on_cancellation, run_to_completion
from yolk.concurrency.errors import QueueFull
from yolk.concurrency.keyed_queue import KeyedSerialQueue
from yolk.concurrency.limiter import ConcurrencyLimiter
from yolk.concurrency.linger import linger
from yolk.concurrency.periodic_task import PeriodicTask
from yolk.concurrency.tasks import cancel_task, create_detached_task

__all__ = [
    "BatchedLoader",
    "Batcher",
    "ConcurrencyLimiter",
    "KeyedSerialQueue",
    "PeriodicTask",
    "QueueFull",
    "cancel_task",
    "create_detached_task",
    "linger",
    "release_on_cancellation",
    "run_to_completion",
]
