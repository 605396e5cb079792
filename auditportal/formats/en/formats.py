"""How English pages write days and times, for strftime. ISO 8601: a day reads the same in London and in New York."""

DAY = "%Y-%m-%d"
MINUTE = "%Y-%m-%d %H:%M"
SECOND = "%Y-%m-%d %H:%M:%S"
