"""Texts of a form: a string, or a string for each language."""

Text = str | dict[str, str]


def localized(text: Text, language: str) -> str:
    """Return the text in this language, else in its main language, else in English, else the first."""
    if isinstance(text, str):
        return text
    found = (text.get(code) for code in (language, language.partition("-")[0], "en"))
    return next((words for words in found if words), next(iter(text.values()), ""))
