"""How Hebrew pages write days and times, for strftime."""

DAY = "%d.%m.%Y"
MINUTE = "%d.%m.%Y %H:%M"
SECOND = "%d.%m.%Y %H:%M:%S"
