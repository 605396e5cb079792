"""Keep the cached metadata fresh: discover streams and objects, refresh what is due.

The schedule, a webhook or a person who opens an object makes it due; `actions.refresh` refreshes it. The database row
is the queue. A Celery message only wakes a worker earlier, so losing the broker costs time and nothing else.
"""
