"""Text as people write it becomes paragraphs of sentences, and nothing else."""

import pytest

from speech.text import MOST_LETTERS, script_of, speakable
from speech.words import words_of


def paragraphs(text, markdown=False):
    script = script_of(text, markdown)
    return None if script is None else script.paragraphs


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Dr. Smith met Mr. J. R. Jones.", ["Dr. Smith met Mr. J. R. Jones."]),
        ("It cost $3.50 at 9.30 p.m. on Monday.", ["It cost $3.50 at 9.30 p.m. on Monday."]),
        ('He said "No." Then he left.', ['He said "No."', "Then he left."]),
        ("Ja, z.B. Hunde. Und Katzen.", ["Ja, z.B. Hunde.", "Und Katzen."]),
        ("你好。你是谁？", ["你好。", "你是谁？"]),  # noqa: RUF001
        ("Well... yes. … No", ["Well... yes.", "No"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text, sentences):
    assert paragraphs(text) == (tuple(sentences),)


def test_empty_lines_part_paragraphs():
    assert paragraphs("One\nline.\r\n\r\n \nTwo.\fThree.") == (
        ("One line.",),
        ("Two.",),
        ("Three.",),
    )


@pytest.mark.parametrize("text", ["", " \n\t ", "...", "🙂🎉", "\x00\x1b", "—", "***"])
def test_what_has_no_word_is_no_script(text):
    assert paragraphs(text) is None


def test_what_has_no_sound_is_left_out():
    assert speakable("Hi\x00 the\u200bre \x1b 👩‍👩‍👧 a\u00adb\ufe0f!!!!!!") == "Hi the re ab!"


def test_accents_that_are_two_letters_are_one():
    assert speakable("cafe\u0301") == "café"


def test_a_long_sentence_is_cut_and_nothing_is_lost():
    text = ", ".join(["and so on"] * 200)
    (pieces,) = paragraphs(text)
    assert max(map(len, pieces)) <= MOST_LETTERS and " ".join(pieces) == text
    (letters,) = paragraphs("x" * 1000)
    assert max(map(len, letters)) <= MOST_LETTERS and sum(map(len, letters)) == 1000


MARKDOWN = """---
title: facts
---
# A *title*

Some **bold** and `code` and [a link](http://example.org/x_y), snake_case too.

> quoted

- first
- second

```python
print("never")
```
![picture](p.png)

| a | b |
|---|---|
| c | d |
<b>end</b>
"""


def test_markdown_is_read_as_its_page_would_be():
    assert paragraphs(MARKDOWN, markdown=True) == (
        ("A title",),
        ("Some bold and code and a link, snake_case too.",),
        ("quoted",),
        ("first",),
        ("second",),
        (", a, b,",),
        (", c, d, end",),
    )


def test_marks_alone_belong_to_the_word_before():
    assert words_of("One — two , three!") == ("One —", "two ,", "three!")
    assert words_of("… so") == ("… so",)


@pytest.mark.parametrize(
    "part", ["[", "[a](", "# #", "- ", "*", "|-", "<a ", "a. ", "`", "> ", "("]
)
def test_hostile_text_takes_no_time(part):
    """A quadratic pattern would take hours."""
    paragraphs(part * (100_000 // len(part)), markdown=True)
