"""The months by which the word index is cut: in SQL, because only the database looks at them."""


def month_of(moment: str) -> str:
    """The expression for the month of a moment (UTC) as lexemes have it: four hexadecimal digits."""
    utc = f"{moment} AT TIME ZONE 'UTC'"
    return f"lpad(to_hex((extract(year FROM {utc}) * 12 + extract(month FROM {utc}))::int), 4, '0')"
