# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of what was found: readable, no templates in it, and never over a file of the admin's."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt import inventory
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.adopted import Adopted
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.found import Found
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import HostPlan, Step

TEXT = f"---\n{inventory.HEADER}\ndom0_xen_release: '4.20'\n"


def made(**variables):
    found = Found(variables)
    found.note("dom0_xen_release", "by the package of the tools")
    found.note("guest web1", "os: by the name of its kernel")
    found.tell("guest db1", "it has\na password")
    return Adopted(found, HostPlan("xen1"))


GUEST = {"name": "web1", "os": "netbsd", "memory": "512M", "disks": ["/dev/wd0e"], "nics": ["bridge0"]}


def test_it_is_written_as_people_write_it():
    text = inventory.text_of("xen1", made(domu_guests=[GUEST], dom0_xen_release="4.20"))
    mark, header, written, *lines = text.split("\n")
    assert (mark, header) == ("---", inventory.HEADER)
    assert written.startswith("# As it was written: ")
    assert "\n".join(lines) == "\n".join(
        [
            "",
            "# by the package of the tools",
            "dom0_xen_release: '4.20'",
            "",
            "domu_guests:",
            "  # os: by the name of its kernel",
            "  - name: web1",
            "    os: netbsd",
            "    memory: 512M",
            "    disks: [/dev/wd0e]",
            "    nics: [bridge0]",
            "",
            "# What is not declared of xen1, and stays as it is:",
            "# - guest db1: it has a password",
            "",
        ]
    )
    assert yaml.safe_load(text) == {"dom0_xen_release": "4.20", "domu_guests": [GUEST]}


TEXTS = ["{{ lookup('pipe', 'id') }}", "a {% b", "{#", "#jinja2: x", "4.10", "on", "1:20", "é"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_value_comes_back_as_it_is_and_no_text_is_a_template(text):
    written = inventory.text_of("xen1", made(domu_guests=[{**GUEST, "cmdline": text}]))
    assert inventory._loaded(written)["domu_guests"][0]["cmdline"] == text
    assert ("!unsafe" in written) == any(mark in text for mark in ("{{", "{%", "{#", "#jinja2"))


def test_what_a_run_would_still_do_stands_there():
    plan = HostPlan("xen1", steps=(Step("dom0", "kernfs", "/kern", "mount it", "live"),))
    assert "# - kernfs /kern: mount it" in inventory.text_of("xen1", Adopted(Found({"dom0_hvm": True}), plan))


def test_a_new_file(tmp_path):
    where = inventory.place(str(tmp_path / "new"), "xen1")
    assert inventory.write(where, TEXT, check=True) == (where.path, True)
    assert not (tmp_path / "new").exists()
    assert inventory.write(where, TEXT, check=False) == (where.path, True)
    assert (tmp_path / "new/host_vars/xen1.yml").read_text() == TEXT
    again = inventory.place(str(tmp_path / "new"), "xen1")
    assert inventory.write(again, TEXT, check=False) == (where.path, False)
    assert inventory.written_before(again) == {"dom0_xen_release": "4.20"}


@pytest.mark.parametrize("name", ["xen1", "xen1.yml", "xen1.yaml", "xen1.json", "xen1/main.yml"])
def test_a_file_of_the_admins_stays(tmp_path, name):
    own = tmp_path / "host_vars" / name
    own.parent.mkdir(parents=True)
    own.write_text("mine: true\n")
    where = inventory.place(str(tmp_path), "xen1")
    assert inventory.write(where, TEXT, check=False) == (where.path, True)
    assert own.read_text() == "mine: true\n"
    beside = tmp_path / "host_vars/xen1.yml.imported"
    assert (where.path, beside.read_text()) == (str(beside), TEXT)
    assert inventory.written_before(where) == {}
    # The next one takes the place of ours, and of nothing else.
    assert inventory.write(where, TEXT + "# more\n", check=False)[1] is True
    beside.write_text("mine: too\n")
    with pytest.raises(Refused, match="was not written by an import; move it away"):
        inventory.write(where, TEXT, check=False)
    assert beside.read_text() == "mine: too\n"


def test_an_imported_file_is_written_again_until_somebody_changes_it(tmp_path):
    """Of a machine that has changed, or of which the inventory knows more by now."""
    found = [inventory.text_of("xen1", made(dom0_xen_release=release)) for release in ("4.18", "4.20")]
    for text in found:
        where = inventory.place(str(tmp_path), "xen1")
        assert inventory.write(where, text, check=False) == (str(tmp_path / "host_vars/xen1.yml"), True)
    assert inventory.written_before(inventory.place(str(tmp_path), "xen1")) == {"dom0_xen_release": "4.20"}
    (tmp_path / "host_vars/xen1.yml").write_text(found[1].replace("4.20", "4.15"))
    path, _written = inventory.write(inventory.place(str(tmp_path), "xen1"), found[0], check=False)
    assert path == str(tmp_path / "host_vars/xen1.yml.imported")


def test_an_imported_file_that_was_edited_stays(tmp_path):
    inventory.write(inventory.place(str(tmp_path), "xen1"), TEXT, check=False)
    edited = tmp_path / "host_vars/xen1.yml"
    edited.write_text(TEXT + "bridge_bridges: []\n")
    inventory.write(inventory.place(str(tmp_path), "xen1"), TEXT, check=False)
    assert edited.read_text() == TEXT + "bridge_bridges: []\n"


def test_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    for directory, words in (("", "-e netbsd_xen_import=DIRECTORY"), (str(tmp_path / "file"), "is no directory")):
        with pytest.raises(Refused, match=words):
            inventory.place(directory, "xen1")
    with pytest.raises(Refused, match="can't be the name"):
        inventory.place(str(tmp_path), "a/b")
