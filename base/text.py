"""Text for people's terminals."""


def one_line(text: str) -> str:
    """The text without line breaks and terminal codes, which names of files may hold."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
