# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""S-expressions as xend's own reader (tools/python/xen/xend/sxp.py) understands them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xm import sxp


def shown(form):
    """As xend's ``show`` writes a form: plain words bare, everything else as Python's repr."""
    if isinstance(form, list):
        return "(" + " ".join(shown(each) for each in form) + ")"
    plain = form and all(each.isascii() and (each.isalnum() or each in ".-_:/~") for each in form)
    return form if plain else repr(form)


FORMS = st.recursive(
    st.text(st.characters(max_codepoint=255)), lambda inner: st.lists(inner, max_size=4), max_leaves=20
)


@given(st.lists(FORMS, max_size=4))
def test_what_xend_writes_is_read_back(forms):
    assert sxp.parse("\n".join(shown(form) for form in forms)) == forms


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("()'\"\\ \n#x0"))))
def test_nothing_else_than_value_error(text):
    try:
        assert isinstance(sxp.parse(text), list)
    except ValueError as error:
        assert str(error).startswith("line ")


def test_several_forms_comments_and_empty_lists():
    text = "# the machine\n(domain\n    (domid 0)\n    (devices ())\n)\n(domain (name 'a b'))\n"
    assert sxp.parse(text) == [["domain", ["domid", "0"], ["devices", []]], ["domain", ["name", "a b"]]]
    assert sxp.parse("") == []


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (r"'it\'s'", "it's"),
        (r'"it\'s"', "it's"),
        (r"'a\n\tb\\'", "a\n\tb\\"),
        (r"'\x41\102\7'", "AB\7"),
        (r"'\q'", r"\q"),
        ("''", ""),
        ("'two\nlines'", "two\nlines"),
        ("it's", "it's"),
    ],
)
def test_texts(text, meaning):
    assert sxp.parse(text) == [meaning]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("(domain\n  (name web1)", "line 1, column 1: a list that does not end"),
        ("(a)\n (b))", "line 2, column 5: '\\)' without '\\('"),
        ("(a 'open)", "line 1, column 4: a text that does not end"),
        ("(a [b])", "line 1, column 4: '\\[' has no place here"),
        ("(" * 2000, "line 1, column 101: too many lists in each other"),
    ],
)
def test_where_it_is_broken(text, problem):
    with pytest.raises(ValueError, match=problem):
        sxp.parse(text)


def test_looking_into_a_form():
    (form,) = sxp.parse("(domain (domid 3) (device (vbd (dev xvda))) (device (vif)) (empty) (list (1 2)))")
    assert sxp.name(form) == "domain"
    assert [sxp.name(device[1]) for device in sxp.children(form, "device")] == ["vbd", "vif"]
    assert sxp.value(form, "domid") == "3"
    assert [sxp.value(form, key) for key in ("missing", "empty", "list")] == [None, None, None]
    assert sxp.value("a text", "domid") is None
