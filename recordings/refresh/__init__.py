"""Keep the cached metadata fresh: discover streams and objects, refresh what is due.

The clock, a webhook or a person's visit makes an object due; `actions.refresh` is how every one of them is refreshed.
The database row is the queue; a Celery message is only a nudge, so a lost broker costs time and nothing else.
"""
