"""Tables of cases that differ by a value alone, as one test: thousands of tests take their time."""

import functools
import inspect


def each(names, cases):
    """Run the test for every case, and tell of all that fail; fixtures are shared by the cases."""
    fields = [name.strip() for name in names.split(",")] if isinstance(names, str) else [*names]
    rows = [(case,) if len(fields) == 1 else tuple(case) for case in cases]
    assert rows

    def decorate(test):
        signature = inspect.signature(test)
        others = [value for name, value in signature.parameters.items() if name not in fields]

        @functools.wraps(test)
        def run(**fixtures):
            failed = {}
            for row in rows:
                try:
                    test(**fixtures, **dict(zip(fields, row, strict=True)))
                except AssertionError as error:
                    failed[", ".join(map(str, row))] = error
            lines = [f"{row}: {error}" for row, error in failed.items()]
            assert not failed, f"{len(failed)} of {len(rows)} cases\n" + "\n".join(lines)

        run.__signature__ = signature.replace(parameters=others)
        return run

    return decorate
