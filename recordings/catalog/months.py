"""The months that partition the word index, in SQL, because only the database uses them."""


def month_of(moment: str) -> str:
    """Return the SQL expression for the month of a moment, in UTC, as in lexemes: four hexadecimal digits."""
    utc = f"{moment} AT TIME ZONE 'UTC'"
    return f"lpad(to_hex((extract(year FROM {utc}) * 12 + extract(month FROM {utc}))::int), 4, '0')"
