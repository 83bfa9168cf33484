# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A password in a URL is seen, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._formats.urls import masked, with_password

HIDDEN = "https://me:********@mirror.example/pub"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:sesame@mirror.example/pub", HIDDEN),
        ("https://me:ses@me@mirror.example/pub", HIDDEN),
        ("https://:sesame@mirror.example/pub", HIDDEN.replace("me:", ":", 1)),
        ("pkg_add -U https://me:sesame@mirror.example/pub failed", f"pkg_add -U {HIDDEN} failed"),
        ("ftp://a:sesame@b/c;ftp://d:sesame@e/f", "ftp://a:********@b/c;ftp://d:********@e/f"),
        ("'http://me:sesame@mirror.example'", "'http://me:********@mirror.example'"),
        *(
            (text, text)
            for text in (
                "https://mirror.example:8080/pub/a@b:c@d",
                "https://me@mirror.example/pub",
                "https://mirror.example/?user=a:b@c",
                "https://[2001:db8::1]/pub",
                "root:sesame@/dev/wd0a",
                "://",
                "",
            )
        ),
    ],
)
def test_the_password_alone_is_hidden(text: str, shown: str) -> None:
    assert masked(text) == shown
    assert list(with_password(text, "it")) == ([] if shown == text else ["it"])


def test_it_is_told_where_it_stands() -> None:
    value = {"files": [{"src": "/k"}, {"src": "ftp://a:b@c/d", "sums": "ftp://a:b@c/e"}], "number": 7, "none": None}
    assert list(with_password(value, "all")) == ["all.files[1].src", "all.files[1].sums"]
