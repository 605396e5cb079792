"""Keep the cached metadata fresh: discover streams and objects, refresh what is due, take webhook hints.

Three roads (the clock, a webhook, a person's visit) lead to one door: `actions.refresh_object`. The database row is
the queue; a Celery message is only a nudge, so a lost broker costs time and nothing else.
"""
