from widthscope.fingerprint import Fingerprint
from widthscope.inspect.source_changes import source_changes
from widthscope.parsed_source import parse


def fingerprint(**modules: str) -> Fingerprint:
    return Fingerprint("", {name: parse(text).parts for name, text in modules.items()})


def test_functions_are_named_with_what_happened_to_them() -> None:
    old = fingerprint(law="A = 1\ndef slope(): return 1\ndef gone(): pass\nclass Kept: pass\n")
    new = fingerprint(law="A = 2\ndef slope(): return 2\nclass Kept: pass\ndef level(): pass\n")
    assert list(source_changes(old, new)) == [
        "source law changed: gone removed, level added, slope, statements outside functions"
    ]


def test_order_is_named_only_where_nothing_else_changed() -> None:
    old = fingerprint(law="def f(): pass\ndef g(): pass\n")
    new = fingerprint(law="def g(): pass\ndef f(): pass\n")
    assert list(source_changes(old, new)) == ["source law changed: the order of its definitions"]


def test_modules_come_and_go() -> None:
    assert list(source_changes(fingerprint(a="", b=""), fingerprint(b="", c=""))) == [
        "source a is no longer imported",
        "source c is newly imported",
    ]


def test_files_and_packages_are_named() -> None:
    old = Fingerprint("", {}, {"page.html": "1"}, {"numpy": "2.0", "python": "3.11"})
    new = Fingerprint("", {}, {"page.html": "2"}, {"numpy": "2.1", "python": "3.11", "torch": "2.11"})
    assert list(source_changes(old, new)) == [
        "file page.html changed",
        "package numpy changed: 2.0 -> 2.1",
        "package torch changed: not used -> 2.11",
    ]


def test_equal_fingerprints_say_nothing() -> None:
    assert not list(source_changes(fingerprint(a="x = 1"), fingerprint(a="x = 1  # one")))
