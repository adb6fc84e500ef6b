"""Words become subtitles that can be read: short lines, good breaks, the words' own times."""

import random
from itertools import pairwise

import pytest

from speech.speech import Word
from subtitles.breaks import SENTENCE, break_costs
from subtitles.cues import COLUMNS_PER_SECOND, GAP, SHORTEST, TAIL, Cue, cues_of
from subtitles.pieces import COLUMNS, columns_of, pieces_of
from tests.cases import each
from tests.subtitles.spoken import CHINESE, SPEECH, spoken

TEXTS = {
    "sentences": spoken(SPEECH),
    "hurried": spoken(SPEECH, 30),
    "slow": spoken(SPEECH, 3),
    "without points": spoken(SPEECH.replace(".", "").replace(",", "").lower()),
    "shouted": spoken(SPEECH.upper()),
    "one long word": spoken("so x" + "y" * 200 + " it is"),
    "no length": (Word("now", 1, 1), Word("then", 1, 1), Word("later", 1, 1)),
    "chinese": (Word(CHINESE, 0, 9), Word("他们", 9, 9.4), Word("来了。", 9.4, 10)),
    "german": spoken(
        "Der Deutsche Bundestag hat am Freitag in Berlin ein neues Gesetz beschlossen."
    ),
    "hebrew": spoken("שלום לכם, זה סרט קצר על אדם אחד שמדבר אל כולם מתוך תמונה אחת בלבד."),
    "random": tuple(
        Word("w" * random.Random(i).randint(1, 14), i * 0.3, i * 0.3 + 0.2) for i in range(200)
    ),
}
ALL = pytest.mark.parametrize("words", TEXTS.values(), ids=TEXTS)


def letters(text):
    return "".join(text.split())


@ALL
def test_every_word_is_shown_once_and_in_order(words):
    shown = "".join(letters(line) for cue in cues_of(words) for line in cue.lines)
    assert shown == "".join(letters(word.text) for word in words)


@ALL
@each("columns", (COLUMNS, 32.0))
def test_two_lines_of_so_many_columns(words, columns):
    for cue in cues_of(words, columns):
        assert len(cue.lines) <= 2
        assert all(columns_of(line) <= columns for line in cue.lines)


@ALL
def test_times_never_go_back_and_are_those_of_the_words(words):
    cues, pieces = cues_of(words), pieces_of(words)
    assert all(before.end <= after.start for before, after in pairwise(cues))
    first = 0
    for cue in cues:
        last, shown = first, letters(pieces[first].text)
        while len(shown) < len(letters(cue.text)):
            last += 1
            shown += letters(pieces[last].text)
        needed = max(sum(map(columns_of, cue.lines)) / COLUMNS_PER_SECOND, SHORTEST)
        assert cue.start == pytest.approx(pieces[first].start, abs=0.1)
        assert cue.end >= pieces[last].end - TAIL - 0.001
        assert cue.end <= max(pieces[last].end + TAIL, cue.start + needed) + 0.001
        first = last + 1


@pytest.mark.parametrize("name", ("sentences", "slow", "german", "hebrew"))
def test_at_an_ordinary_speed_everything_can_be_read(name):
    assert max(cue.columns_per_second for cue in cues_of(TEXTS[name])) <= COLUMNS_PER_SECOND


def test_a_pause_gives_time_to_read_what_was_spoken_in_a_hurry():
    hurried = (*spoken("this was spoken in a great hurry", 40), Word("Later.", 6, 6.5))
    cue, _ = cues_of(hurried)
    assert cue.columns_per_second < COLUMNS_PER_SECOND + 0.01 and cue.end > hurried[-2].end + TAIL


def test_between_two_subtitles_is_a_gap():
    cues = cues_of(TEXTS["hurried"])
    assert len(cues) > 5
    assert all(after.start - before.end >= GAP - 0.001 for before, after in pairwise(cues))


def test_a_silence_parts_subtitles():
    cues = cues_of((*spoken("Before it."), *spoken("after it", start=9)))
    assert [cue.text for cue in cues] == ["Before it.", "after it"]


@pytest.mark.parametrize("columns", (42.0, 38.0, 34.0))
def test_no_line_ends_in_the_middle_of_a_name(columns):
    names = ("Dr. Martin Luther King", "John Fitzgerald Kennedy", "Ludwig van Beethoven")
    lines = [line for cue in cues_of(spoken(SPEECH), columns) for line in cue.lines]
    for name in (*names, "White House"):
        assert sum(name in line for line in lines) == 1, (name, lines)


def test_no_line_of_a_cjk_text_begins_with_punctuation():
    lines = [line for cue in cues_of(TEXTS["chinese"]) for line in cue.lines]
    assert len(lines) > 2 and all(line[0] not in "，。" for line in lines)
    assert all(len(line) <= 16 for line in lines)


def test_a_text_without_spaces_is_cut_at_its_punctuation():
    lines = [line for cue in cues_of(TEXTS["chinese"]) for line in cue.lines]
    assert "当我们谈论人工智能的时候，" in lines and lines[-1].endswith("他们来了。")


def test_lines_end_at_punctuation_and_before_phrases():
    texts = [cue.text for cue in cues_of(spoken(SPEECH))]
    assert texts[0] == "And so, my fellow Americans,"
    ask = "ask not what your country can do for you,\nask what you can do for your country."
    assert texts[1] == ask


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("It is. So", True),
        ("Mr. Smith", False),
        ("J. Smith", False),
        ("3 p.m. Today", False),
        ("Why? because", True),
        ('"Yes." He', True),
        ("来了。 他", True),
    ],
)
def test_a_point_is_not_always_the_end(text, ends):
    pieces = pieces_of(spoken(text))
    assert (break_costs(pieces)[-2] == SENTENCE) is ends


def test_what_players_take_for_markup_is_text():
    words = spoken("<b>bold</b> {\\an8}up --> 1\x00\x07 end\u2028next")
    text = " ".join(letters for cue in cues_of(words) for letters in cue.lines)
    assert text == "‹b›bold‹/b› (/an8)up --› 1 end next"


def test_punctuation_that_stands_alone_goes_to_its_word():
    words = [Word(text, i, i + 0.5) for i, text in enumerate(("¿", "Si", "?", "(", "no", ")"))]
    assert [piece.text for piece in pieces_of(words)] == ["¿Si?", "(no)"]


@pytest.mark.parametrize("words", ((), (Word("\x00 ", 0, 1),), (Word("", 0, 1),)))
def test_nothing_is_no_subtitle(words):
    assert cues_of(words) == ()


@pytest.mark.parametrize(("lines", "start", "end"), [((), 0, 1), (("a",), 1, 1), (("",), 0, 1)])
def test_a_cue_without_text_or_time_is_refused(lines, start, end):
    with pytest.raises(ValueError, match="no subtitle"):
        Cue(lines, start, end)
