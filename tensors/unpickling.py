"""A reader of pickles that can make plain values and what its caller allows, and call nothing else.

Pickles are programs for a small machine. Python's own machine calls whatever they name; this one
knows the operations of a state dict, and every name is looked up among those that are allowed.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MAX_OPERATIONS = 500_000  # Wav2Lip's weights and optimizer take 60,000
MAX_BYTES = 2**24
MAX_TEXT = 2**20  # bytes of a string
MAX_NAME = 1000  # bytes of a module's or a class's name
MAX_ARGUMENTS = 16
MARK = object()


class ForeignNameError(ValueError):
    """The pickle names a class or a function that is not allowed."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class UnknownOperationError(ValueError):
    """The pickle has an operation that no state dict needs."""


@dataclass(frozen=True)
class Constructor:
    """A function of ours under a name that pickles use."""

    make: Callable[..., object]


class Ignored:
    """Stands for a value that is not needed, such as a number of numpy's."""

    def __init__(self, *_: object) -> None:
        pass


class StoredObject:
    """Stands for an object of any class; keeps only its pickled state."""

    def __init__(self) -> None:
        self.state: object = None


class PickleReader:
    """Reads one pickle that begins at `position`, which moves behind it."""

    def __init__(
        self,
        data: memoryview,
        find: Callable[[str], object],
        load: Callable[..., object] = Ignored,
        position: int = 0,
    ) -> None:
        self.position = position
        self._data = data[: position + MAX_BYTES]
        self._find = find  # what a name stands for; ForeignNameError if it is not allowed
        self._load = load  # what a persistent id stands for
        self._stack: list[Any] = []
        self._memo: dict[int, object] = {}

    def read(self) -> object:
        for _ in range(MAX_OPERATIONS):
            (code,) = self.bytes(1)
            if code == ord("."):
                return self.pop()
            if code not in OPERATIONS:
                raise UnknownOperationError(f"operation {code:#x}")
            OPERATIONS[code](self)
        raise ValueError("the pickle does not end")

    def bytes(self, count: int) -> bytes:
        part = bytes(self._data[self.position : self.position + count])
        if len(part) < count:
            raise EOFError("the pickle is cut off")
        self.position += count
        return part

    def number(self, form: str) -> Any:  # noqa: ANN401  an int or a float, as the form says
        return struct.unpack(f"<{form}", self.bytes(struct.calcsize(form)))[0]

    def line(self) -> str:
        head = bytes(self._data[self.position : self.position + MAX_NAME])
        self.position += head.index(b"\n") + 1
        return head[: head.index(b"\n")].decode()

    def push(self, value: object) -> None:
        self._stack.append(value)

    def pop(self) -> Any:  # noqa: ANN401  anything that was pushed
        value = self._stack.pop()
        if value is MARK:
            raise ValueError("a mark where a value should be")
        return value

    def pop_to_mark(self) -> list[Any]:
        start = len(self._stack)
        while self._stack[start - 1] is not MARK:
            start -= 1
            if start == 0:
                raise ValueError("values without a mark")
        values = self._stack[start:]
        del self._stack[start - 1 :]
        return values

    def top(self, kind: type) -> Any:  # noqa: ANN401  of that kind
        if not isinstance(self._stack[-1], kind):
            raise TypeError(f"{type(self._stack[-1])} where a {kind} should be")
        return self._stack[-1]

    def text(self, form: str, encoding: str) -> None:
        length = self.number(form)
        if length > MAX_TEXT:
            raise ValueError(f"a string of {length} bytes")
        self.push(self.bytes(length).decode(encoding, "surrogatepass"))

    def long(self) -> None:
        self.push(int.from_bytes(self.bytes(self.number("B")), "little", signed=True))

    def tuple_of(self, count: int) -> None:
        self.push(tuple([self.pop() for _ in range(count)][::-1]))

    def remember(self, form: str) -> None:
        self._memo[self.number(form)] = self.top(object)

    def recall(self, form: str) -> None:
        self.push(self._memo[self.number(form)])

    def name(self) -> None:
        self.push(self._find(f"{self.line()}.{self.line()}"))

    def call(self) -> None:
        arguments = self.pop()
        constructor = self.pop()
        if not isinstance(constructor, Constructor):
            raise TypeError("a call of what is no constructor")
        self.push(constructor.make(*checked_arguments(arguments)))

    def build(self) -> None:
        """Give an object its state, which only `StoredObject` keeps."""
        state = self.pop()
        target = self.top(object)
        if isinstance(target, StoredObject):
            target.state = state
        elif not isinstance(target, (dict, Ignored)):
            raise TypeError(f"a state for a {type(target)}")

    def persistent(self) -> None:
        self.push(self._load(*checked_arguments(self.pop())))

    def append(self, values: list[object]) -> None:
        self.top(list).extend(values)

    def set_items(self, values: list[object]) -> None:
        keys = values[::2]
        if not all(map(is_key, keys)):
            raise TypeError("a key that is neither text nor a number")
        self.top(dict).update(zip(keys, values[1::2], strict=True))


def checked_arguments(values: object) -> tuple[object, ...]:
    """The arguments of a call; few, since one long tuple could be given to every call."""
    if not isinstance(values, tuple) or len(values) > MAX_ARGUMENTS:
        raise TypeError("arguments that are no short tuple")
    return values


def is_key(value: object) -> bool:
    """Whether it is hashed without recursion, and unlike others of its kind."""
    return isinstance(value, str) or (isinstance(value, int) and abs(value) < 2**31)


Operation = Callable[[PickleReader], object]
OPERATIONS: Mapping[int, Operation] = {
    0x80: lambda reader: reader.bytes(1),  # the protocol's number
    ord("("): lambda reader: reader.push(MARK),
    ord("N"): lambda reader: reader.push(None),
    0x88: lambda reader: reader.push(True),
    0x89: lambda reader: reader.push(False),
    ord(")"): lambda reader: reader.push(()),
    ord("]"): lambda reader: reader.push([]),
    ord("}"): lambda reader: reader.push({}),
    ord("J"): lambda reader: reader.push(reader.number("i")),
    ord("K"): lambda reader: reader.push(reader.number("B")),
    ord("M"): lambda reader: reader.push(reader.number("H")),
    0x8A: PickleReader.long,
    ord("G"): lambda reader: reader.push(struct.unpack(">d", reader.bytes(8))[0]),
    ord("X"): lambda reader: reader.text("I", "utf-8"),
    ord("U"): lambda reader: reader.text("B", "latin-1"),  # of Python 2
    0x85: lambda reader: reader.tuple_of(1),
    0x86: lambda reader: reader.tuple_of(2),
    0x87: lambda reader: reader.tuple_of(3),
    ord("t"): lambda reader: reader.push(tuple(reader.pop_to_mark())),
    ord("q"): lambda reader: reader.remember("B"),
    ord("r"): lambda reader: reader.remember("I"),
    ord("h"): lambda reader: reader.recall("B"),
    ord("j"): lambda reader: reader.recall("I"),
    ord("c"): PickleReader.name,
    ord("R"): PickleReader.call,
    0x81: PickleReader.call,  # a new object of a class
    ord("b"): PickleReader.build,
    ord("Q"): PickleReader.persistent,
    ord("a"): lambda reader: reader.append([reader.pop()]),
    ord("e"): lambda reader: reader.append(reader.pop_to_mark()),
    ord("s"): lambda reader: reader.set_items([reader.pop(), reader.pop()][::-1]),
    ord("u"): lambda reader: reader.set_items(reader.pop_to_mark()),
}
