"""Where a line or a subtitle may end, and how much each place disturbs who reads."""

from collections.abc import Sequence

from subtitles.pieces import CLOSING, OPENING, Piece, is_unspaced

# How much it disturbs to break after a piece.
SENTENCE, CLAUSE, PAUSE, PHRASE, ANYWHERE, CLINGING, INSIDE, NAME = 0.0, 1, 1.5, 3, 5, 9, 12, 1000
LONG_PAUSE = 0.35  # seconds
ENDS_OF_SENTENCES = tuple(".!?…。！？؟۔।")
ENDS_OF_CLAUSES = tuple(",;:–—、，；：،؛")
ABBREVIATIONS = set(
    """
    mr. mrs. ms. dr. prof. st. sr. jr. rev. gen. col. sgt. capt. lt. sen. gov. hr. fr. frau sra.
    mme. mlle. dott. sig. no. vs. etc. e.g. i.e. p.m. a.m. z.b. d.h. bzw. ca. nr. op.
    """.split()  # noqa: SIM905  a list of words is read as a text
)
PARTICLES = {
    *("van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "du", "la", "le"),
    *("ibn", "bin", "al", "ter", "zu", "und", "of"),
}
# Articles, prepositions and the like, which belong to what follows.
CLINGS = set(
    """
    a an the this these those my your his her its our their to of in on at by for from with into
    about than as and or but not no very is are was were be been will would can could should
    der die das den dem des ein eine einen einem einer im am zum zur vom mit von zu auf für und oder
    le la les un une des du au aux de à en et ou dans pour sur avec el los las unos unas del al y o
    e que con por para il lo gli i uno una nel nella di da per tra fra su
    """.split()  # noqa: SIM905
)
# Words that begin a phrase: before them is a good place.
BEGIN_PHRASES = set(
    """
    and but or so because that which who when where while if although though since until before
    after with from into about than und aber oder weil dass wenn als ob obwohl damit bevor nachdem
    et mais ou donc car parce quand si lorsque y pero o porque que cuando donde aunque e ma perché
    quando se mentre dove
    """.split()  # noqa: SIM905
)


def break_costs(pieces: Sequence[Piece]) -> list[float]:
    """The cost of a break after each piece; 0 after the last."""
    tells_names = sum(_is_shouted(piece.text) for piece in pieces) * 2 < len(pieces)
    costs = [_cost(pieces, index, tells_names) for index in range(len(pieces) - 1)]
    return [*costs, SENTENCE] if pieces else []


def ends_sentence(text: str, following: str) -> bool:
    bare = text.rstrip("\"'”’»)]」』）")
    if not bare.endswith(ENDS_OF_SENTENCES):
        return False
    if not bare.endswith("."):
        return True
    first = following.lstrip("".join(OPENING))[:1]
    return not (is_abbreviation(bare) or first.islower())


def is_abbreviation(text: str) -> bool:
    """Whether the point behind it ends no sentence: a title, an initial."""
    bare = text.lstrip("".join(OPENING))
    is_initial = len(bare) == 2 and bare[0].isupper() and bare[1] == "."
    return is_initial or bare.lower() in ABBREVIATIONS


def is_capitalised(text: str) -> bool:
    """Whether it may be a part of a name."""
    bare = text.lstrip("".join(OPENING | CLOSING))
    is_i = bare.rstrip("".join(CLOSING)) == "I" or bare.startswith(("I'", "I’"))
    return bare[:1].isupper() and not is_i and bare.lower() not in CLINGS | BEGIN_PHRASES


def _cost(pieces: Sequence[Piece], index: int, tells_names: bool) -> float:
    piece, after = pieces[index], pieces[index + 1]
    if ends_sentence(piece.text, after.text):
        return SENTENCE
    if tells_names and _is_in_name(pieces, index):
        return NAME
    if piece.text.rstrip("\"'”’»)]").endswith(ENDS_OF_CLAUSES):
        return CLAUSE
    if after.inner:
        return INSIDE
    return _cost_by_words(piece, after)


def _cost_by_words(piece: Piece, after: Piece) -> float:
    if after.start - piece.end >= LONG_PAUSE:
        return PAUSE
    if piece.text.lower() in CLINGS:
        return CLINGING
    return PHRASE if after.text.lower() in BEGIN_PHRASES else ANYWHERE


def _is_in_name(pieces: Sequence[Piece], index: int) -> bool:
    """Whether two capitalised words in a row stand here, or ones with a `von` between them."""
    text, following = pieces[index].text, pieces[index + 1].text
    if text[-1] in CLOSING and not is_abbreviation(text) and not text.endswith(("'", "’")):
        return False
    if is_capitalised(text) and is_capitalised(following):
        return True
    behind = pieces[index + 2].text if index + 2 < len(pieces) else ""
    ahead = pieces[index - 1].text if index else ""
    begins = is_capitalised(text) and following in PARTICLES and is_capitalised(behind)
    ends = text in PARTICLES and is_capitalised(following) and is_capitalised(ahead)
    return (begins or ends) and not is_unspaced(text[0])


def _is_shouted(text: str) -> bool:
    """Capitals throughout: they tell nothing of names."""
    return text.isupper() and sum(map(str.isalpha, text)) > 1
