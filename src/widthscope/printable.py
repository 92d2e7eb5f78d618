"""Text from users' files and functions, made safe for a terminal."""


def printable(text: str) -> str:
    """The text with everything that is not printable, such as a terminal's commands, as a question mark."""
    return "".join(character if character.isprintable() else "?" for character in text)
