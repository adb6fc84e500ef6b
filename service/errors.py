"""What a client of the service did wrong, or has to wait for; each has a code and a sentence.

ServiceError
├─ BadRequest        the words of a request are wrong
├─ NotFound          there is no such thing, or it is another key's
├─ Unauthorized      no key, or a wrong one
├─ Forbidden         the key is right, the wish is not
├─ Conflict          a request with this Idempotency-Key is being accepted, or a job has not ended
├─ KeyReused         this Idempotency-Key came with another request before
├─ NotFetched        a file that is named by its address cannot be had
├─ TooSlow           a request does not come along
├─ TooLarge          more bytes than are taken
├─ QueueFull         as many jobs wait as may
├─ NotReady          the service is starting or ending
└─ StorageFull       the disk has no room
"""


class ServiceError(Exception):
    """Its message is for the client: without paths of this machine."""

    code = "error"

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after  # seconds


class BadRequest(ServiceError):
    code = "usage"


class NotFound(ServiceError):
    code = "not_found"


class Unauthorized(ServiceError):
    code = "unauthorized"


class Forbidden(ServiceError):
    code = "forbidden"


class Conflict(ServiceError):
    code = "conflict"


class KeyReused(ServiceError):
    code = "idempotency_key_reused"


class NotFetched(ServiceError):
    code = "not_fetched"


class TooSlow(ServiceError):
    code = "too_slow"


class TooLarge(ServiceError):
    code = "too_large"


class QueueFull(ServiceError):
    code = "queue_full"


class NotReady(ServiceError):
    code = "not_ready"


class StorageFull(ServiceError):
    code = "disk_full"
