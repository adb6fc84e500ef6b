"""Texts as if somebody had spoken them."""

from speech.speech import Word

LETTERS_A_SECOND = 15.0
PAUSES = {".": 0.5, "?": 0.5, "!": 0.5, ",": 0.2}  # seconds after a word that ends so
SPEECH = """\
And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your
country. When Dr. Martin Luther King spoke to President John Fitzgerald Kennedy about the march on
Washington, nobody in the White House knew how many people would come. It was hot. Ludwig van
Beethoven wrote nine symphonies, and the last of them was first performed in Vienna in May of the
year 1824 with two hundred singers and players on the stage."""
CHINESE = "当我们谈论人工智能的时候，我们常常忘记了它其实是由许多人一起建造的。这是一个很长的故事。"


def spoken(text, letters_a_second=LETTERS_A_SECOND, start=0.3):
    """The text's words at this speed."""
    words = []
    for word in text.split():
        end = start + len(word) / letters_a_second
        words.append(Word(word, start, end))
        start = end + 1 / letters_a_second + PAUSES.get(word[-1], 0)
    return tuple(words)
