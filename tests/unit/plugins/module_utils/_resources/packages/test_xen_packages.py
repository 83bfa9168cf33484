# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pair of packages: complete, of one release, and never exchanged under running guests."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _kernel, _packages
from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import packing_list
from ansible_collections.netbsd.xen.plugins.module_utils._resources.packages import check as package_check
from ansible_collections.netbsd.xen.plugins.module_utils._resources.packages import resource as xen_packages
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

MIRROR = "http://mirror.example/All"
# What a package conflicts with: pkgsrc, CONFLICTS in the Makefiles of xenkernel33, xentools33 and their like.
CONFLICTS = {
    "xenkernel3": ("xenkernel33",),
    "xenkernel33": ("xenkernel3",),
    "xentools418": ("xentools420",),
    "xentools420": ("xentools418",),
    "xentools3": ("xentools33",),
    "xentools33": ("xentools3", "xentools3-hvm"),
}
NEEDS = {"xentools3-hvm": "xentools3"}


class Machine(RootedHost):
    """A machine whose package tools keep what they register, and stop at a package that the test names."""

    def __init__(self, root, *installed, processor="x86_64"):
        tools = ("pkg_info", "pkg_add", "pkg_delete", "pkg_admin")
        super().__init__(root, {"/var/db/services.db": "x", **{f"/usr/sbin/{tool}": "x" for tool in tools}})
        self.processor = processor
        self.packages = {}
        self.database = "/usr/pkg/pkgdb"
        for name in installed:
            self._register(name)
        self.broken = ""
        self.unreachable = False
        self.downloads = []
        self.answers = {
            "/usr/sbin/pkg_info": lambda argv: "".join(f"{n}-{v}  Xen\n" for n, v in self.packages.items()),
            "/usr/pkg/bin/pkgin -y update": "",
            "/usr/pkg/bin/pkgin -y -d install": lambda argv: self._download(argv[4:]),
            "/usr/pkg/bin/pkgin -y install": lambda argv: self._add(argv[3:]),
            "/usr/sbin/pkg_admin findbest": lambda argv: self._look_for(argv[2]),
            "/usr/sbin/pkg_admin check": lambda argv: self._check(argv[2:]),
            "/usr/sbin/pkg_admin rebuild-tree": "Done.\n",
            "/usr/sbin/pkg_add": lambda argv: self._add(argv[1:]),
            "/usr/sbin/pkg_add -U": lambda argv: self._put_in_place(argv[2]),
            "/usr/sbin/pkg_delete": lambda argv: self._delete(argv[1]),
            "/usr/bin/make BATCH=yes build": "",
            "/usr/bin/make BATCH=yes replace": lambda argv: self._put_in_place(self.cwd.rsplit("/", 1)[1]),
            "/usr/bin/make BATCH=yes install": lambda argv: self._add([self.cwd.rsplit("/", 1)[1]]),
            "/usr/bin/make BATCH=yes clean": "",
        }

    def try_run(self, argv, timeout=30.0, cwd="/", env=None, stdin=""):
        self.cwd = cwd
        return super().try_run(argv, timeout, cwd, env)

    def _download(self, names):
        self.downloads += names
        return (1, "", f"{self.broken} is not available in the repository\n") if self.broken in names else ""

    def _add(self, names):
        for name in names:
            if name == self.broken:
                return 1, "", f"pkg_add: no pkg found for '{name}', sorry.\n"
            assert not [other for other in CONFLICTS.get(name, ()) if other in self.packages], f"{name} conflicts"
            assert NEEDS.get(name, name) in [name, *self.packages]
            self._register(name)
        return ""

    def _delete(self, name):
        assert not [other for other in self.packages if NEEDS.get(other) == name], f"{name} is needed"
        del self.packages[name]
        self.remove(f"{self.database}/{name}-1.0/+CONTENTS")
        return ""

    def _look_for(self, name):
        return (1, "", "") if self.unreachable else f"{MIRROR}/{name}-1.0.tgz\n"

    def _put_in_place(self, archive):
        name = archive.rsplit("/", 1)[-1].replace("-1.0.tgz", "")
        self._register(name, again=True)
        return ""

    def _check(self, names):
        """pkg_install admin/check.c; the content of every file is one letter."""
        out, err, files = "", "", 0
        for package in names:
            listed = packing_list.parse(self.text(f"{self.database}/{package}/+CONTENTS"))
            for file in listed:
                found = self.read_bytes(file.path)
                if found is None:
                    err += f"pkg_admin: {package}: File `{file.path}' is in +CONTENTS but not on filesystem!\n"
                elif found != (b"x" if file.has_content else b""):
                    out += f"{file.path} fails MD5 checksum\n"
            files += len(listed)
            out += "."
        return 0, f"{out}\nChecked {files} files from {len(names)} package{'s' * (len(names) > 1)}.\nDone.\n", err

    def _register(self, name, again=False):
        if name in self.packages and not again:
            return  # a second pkg_add: already recorded as installed
        self.packages[name] = "1.0"
        files = [f"bin/{name}", f"lib/{name}.so", f"share/{name}/none"]
        sums = ["0123456789abcdef0123456789abcdef"] * 2 + ["d41d8cd98f00b204e9800998ecf8427e"]
        listed = "".join(f"{file}\n@comment MD5:{sum}\n" for file, sum in zip(files, sums))
        self.put(f"{self.database}/{name}-1.0/+CONTENTS", f"@name {name}-1.0\n@cwd /usr/pkg\n{listed}")
        for file in files:
            self.put(f"/usr/pkg/{file}", "" if file.endswith("none") else "x")

    def becomes(self, name, version):
        """Another version of an installed package."""
        self.rename(f"{self.database}/{name}-{self.packages[name]}", f"{self.database}/{name}-{version}")
        self.packages[name] = version

    def interrupt(self, name):
        """Leave of a package what a pkg_add leaves that is killed."""
        self.remove(f"/usr/pkg/lib/{name}.so")
        self.remove(f"/usr/pkg/share/{name}/none")

    @property
    def mutations(self):
        looks = ("/usr/sbin/pkg_info", "/usr/sbin/pkg_admin check", "/usr/sbin/pkg_admin findbest")
        return [line for line in self.ran if not line.startswith(looks)]


def params(**given):
    filled = {name: spec.get("default") for name, spec in xen_packages.ARGUMENTS.items()}
    return dict(filled, **given)


def run(host, check=False, **given):
    outcome = converge(xen_packages, params(**given), host, check)
    assert {thing: str(error) for thing, error in outcome.failures.items()} == {}
    if not check:
        assert converge(xen_packages, params(**given), host, check=True).done == []
    return outcome


def refusal(host, **given):
    with pytest.raises(Refused) as caught:
        converge(xen_packages, params(**given), host, check=False)
    assert host.mutations == []
    return str(caught.value)


def test_the_pair_comes_as_one(tmp_path):
    host = Machine(tmp_path)
    (change,) = run(host, repository=MIRROR).done
    assert list(host.packages) == ["xenkernel420", "xentools420"]
    assert host.mutations == ["/usr/pkg/bin/pkgin -y update", "/usr/pkg/bin/pkgin -y install xenkernel420 xentools420"]
    assert (change.thing, change.summary) == ("Xen 4.20", "install xenkernel420, xentools420 with pkgin")
    assert {"PKG_REPOS": MIRROR} in host.environments


def test_what_makes_guests_disks_comes_with_the_pair_or_behind_it(tmp_path):
    host = Machine(tmp_path, "xenkernel420", "xentools420")
    (change,) = run(host, disk_packages=["e2fsprogs"]).done
    assert change.summary == "install e2fsprogs with pkgin" and "e2fsprogs" in host.packages
    assert run(host, disk_packages=["e2fsprogs"]).done == []


def test_nothing_is_touched_when_the_pair_is_there(tmp_path):
    host = Machine(tmp_path, "xenkernel420", "xentools420")
    assert run(host).done == [] and host.mutations == []


def test_check_mode_only_says_it(tmp_path):
    host = Machine(tmp_path)
    assert len(run(host, check=True).done) == 1
    assert host.mutations == []


@pytest.mark.parametrize("there", ["xenkernel420", "xentools420"])
def test_half_a_pair_is_completed(tmp_path, there):
    host = Machine(tmp_path, there)
    run(host)
    assert sorted(host.packages) == ["xenkernel420", "xentools420"]


def test_pkg_add_takes_its_mirror_from_the_environment(tmp_path):
    host = Machine(tmp_path, processor="i386")
    run(host, release="3.1", source="pkg_add", repository=MIRROR, hvm=True)
    assert list(host.packages) == ["xenkernel3", "xentools3", "xentools3-hvm"]
    assert host.mutations == [f"/usr/sbin/pkg_add {name}" for name in host.packages]
    assert [env for env in host.environments if env] == [{"PKG_PATH": MIRROR}] * 3


def test_without_a_repository_the_machine_knows(tmp_path):
    host = Machine(tmp_path)
    run(host, source="pkg_add")
    assert not any(host.environments)


def test_a_newer_pkg_add_from_pkgsrc_is_preferred(tmp_path):
    host = Machine(tmp_path)
    host.put("/usr/pkg/sbin/pkg_add")
    host.answers["/usr/pkg/sbin/pkg_add"] = host.answers["/usr/sbin/pkg_add"]
    run(host, source="pkg_add", parts=["kernel"])
    assert host.mutations == ["/usr/pkg/sbin/pkg_add xenkernel420"]


def test_releases_after_31_have_hvm_in_their_tools(tmp_path):
    host = Machine(tmp_path)
    run(host, release="4.2", hvm=True)
    assert list(host.packages) == ["xenkernel42", "xentools42"]


def test_a_failure_names_the_mirror_and_is_mended_by_the_next_run(tmp_path):
    host = Machine(tmp_path)
    host.broken = "xentools420"
    outcome = converge(xen_packages, params(repository=MIRROR), host, check=False)
    words = str(outcome.failures["Xen 4.20"])
    assert "no pkg found for 'xentools420'" in words and f"PKG_REPOS={MIRROR}" in words
    assert list(host.packages) == ["xenkernel420"]
    host.broken = ""
    (change,) = run(host, repository=MIRROR).done
    assert change.summary == "install xentools420 with pkgin"


def test_a_tool_that_only_says_so_is_not_believed(tmp_path):
    host = Machine(tmp_path)
    host.answers["/usr/pkg/bin/pkgin -y install"] = "marking as non auto-removable\n"
    outcome = converge(xen_packages, params(), host, check=False)
    assert "on reading back" in str(outcome.failures["Xen 4.20"])


# -- other releases


def test_hypervisors_of_two_releases_stay_beside_each_other(tmp_path):
    host = Machine(tmp_path, "xenkernel418", "xentools418")
    run(host, parts=["kernel"])
    assert list(host.packages) == ["xenkernel418", "xentools418", "xenkernel420"]


def test_tools_of_another_release_are_left_in_place(tmp_path):
    words = refusal(Machine(tmp_path, "xenkernel418", "xentools418"))
    assert words.startswith("xentools418 is installed and can't stay beside xentools420.")
    assert "netbsd.xen.upgrade" in words and "replace_tools" in words


def test_tools_of_a_release_that_nobody_knows_are_in_the_way_too(tmp_path):
    assert "xentools417 is installed" in refusal(Machine(tmp_path, "xentools417"))


def test_what_only_sounds_like_tools_is_not(tmp_path):
    host = Machine(tmp_path, "xenstoretools", "xentop")
    run(host)
    assert "xenstoretools" in host.packages


def test_tools_are_exchanged_where_that_is_allowed(tmp_path):
    host = Machine(tmp_path, "xenkernel418", "xenkernel420", "xentools418")
    (change,) = run(host, replace_tools=True).done
    assert change.summary == "remove xentools418; install xentools420 with pkgin"
    assert sorted(host.packages) == ["xenkernel418", "xenkernel420", "xentools420"]


def test_nothing_is_removed_for_what_can_not_be_had(tmp_path):
    host = Machine(tmp_path, "xenkernel420", "xentools418")
    host.broken = "xentools420"
    outcome = converge(xen_packages, params(replace_tools=True), host, check=False)
    assert "not available" in str(outcome.failures["Xen 4.20"])
    assert "xentools418" in host.packages and host.downloads == ["xentools420"]


def test_an_exchange_that_broke_off_after_the_removal_is_finished(tmp_path):
    host = Machine(tmp_path, "xenkernel420", "xentools418")
    host.answers["/usr/pkg/bin/pkgin -y install"] = (1, "", "the network is down\n")
    assert converge(xen_packages, params(replace_tools=True), host, check=False).failures
    assert "xentools418" not in host.packages
    host.answers["/usr/pkg/bin/pkgin -y install"] = lambda argv: host._add(argv[3:])
    (change,) = run(host, replace_tools=True).done
    assert change.summary == "install xentools420 with pkgin"


def test_the_hvm_package_goes_before_the_tools_that_it_needs(tmp_path):
    host = Machine(tmp_path, "xenkernel3", "xentools3", "xentools3-hvm", processor="i386")
    run(host, release="3.3", source="pkg_add", replace_tools=True)
    assert list(host.packages) == ["xenkernel33", "xentools33"]


def test_the_hypervisors_of_31_and_33_share_a_directory(tmp_path):
    host = Machine(tmp_path, "xenkernel3", processor="i386")
    (change,) = run(host, release="3.3", parts=["kernel"]).done
    assert change.summary == "remove xenkernel3; install xenkernel33 with pkgin"
    assert list(host.packages) == ["xenkernel33"]


# -- a pkgsrc tree


def test_a_tree_builds_the_pair_and_is_cleaned(tmp_path):
    host = Machine(tmp_path)
    for name in ("xenkernel420", "xentools420"):
        host.put(f"/usr/pkgsrc/sysutils/{name}/Makefile")
    run(host, source="pkgsrc")
    assert list(host.packages) == ["xenkernel420", "xentools420"]
    assert host.mutations == ["/usr/bin/make BATCH=yes install", "/usr/bin/make BATCH=yes clean"] * 2


def test_tools_are_built_before_the_others_go(tmp_path):
    host = Machine(tmp_path, "xenkernel420", "xentools418")
    host.put("/home/pkgsrc/sysutils/xentools420/Makefile")
    run(host, source="pkgsrc", pkgsrc_dir="/home/pkgsrc/", replace_tools=True)
    assert host.mutations[:2] == ["/usr/bin/make BATCH=yes build", "/usr/sbin/pkg_delete xentools418"]


def test_a_tree_without_the_release_is_refused(tmp_path):
    host = Machine(tmp_path)
    host.put("/usr/pkgsrc/sysutils/xenkernel420/Makefile")
    words = refusal(host, source="pkgsrc")
    assert words.startswith("There is no /usr/pkgsrc/sysutils/xentools420.") and "pkg_add" in words


# -- refusals


def built_by_hand(tmp_path, runs=True):
    """Xen from its own source, as a machine of the records had it: nothing is registered."""
    host = Machine(tmp_path)
    host.put("/usr/pkg/sbin/xl", "xl")
    if runs:
        host.put(_kernel.PRIVCMD, "")
    return host


@pytest.mark.parametrize("source", ["pkgin", "pkg_add"])
def test_tools_that_run_and_are_no_packages_are_not_written_over(tmp_path, source):
    words = refusal(built_by_hand(tmp_path), source=source, release="4.17")
    assert "the tools came by other means" in words and "dom0_package_source: none" in words


def test_tools_of_another_release_are_a_packages(tmp_path):
    host = Machine(tmp_path, "xenkernel418", "xenkernel420", "xentools418")
    host.put("/usr/pkg/sbin/xl", "xl")
    host.put(_kernel.PRIVCMD, "")
    assert len(run(host, source="pkg_add", replace_tools=True).done) == 1


def test_tools_below_another_directory_are_not_looked_for_in_vain(tmp_path):
    host = Machine(tmp_path, "xenkernel420", "xentools420")
    host.put(f"{host.database}/xentools420-1.0/+CONTENTS", "@name xentools420-1.0\n@cwd /opt/pkg\n")
    assert "xentools420 lies below /opt/pkg" in refusal(host)


def test_files_of_tools_that_do_not_run_are_in_nobodys_way(tmp_path):
    host = built_by_hand(tmp_path, runs=False)
    assert [change.summary for change in run(host, release="4.20", source="pkg_add").done] != []


def test_tools_of_ones_own_are_left_alone(tmp_path):
    host = built_by_hand(tmp_path)
    assert run(host, source="none", release="4.17").done == [] and host.mutations == []
    assert "/usr/pkg/sbin/xm" in refusal(host, source="none", release="4.1")
    assert "can't be exchanged" in refusal(host, source="none", release="4.20", parts=["kernel"])


def test_a_machine_that_no_package_is_for(tmp_path):
    words = refusal(Machine(tmp_path, processor="i386"))
    assert "Xen 4.20 has no packages for i386" in words and "newest for this machine is 4.5" in words
    assert "there is no Xen for this machine" in refusal(Machine(tmp_path, processor="vax"))


def test_a_release_of_which_no_platform_is_known_is_tried(tmp_path):
    host = Machine(tmp_path)
    run(host, release="4.8")
    assert list(host.packages) == ["xenkernel48", "xentools48"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"release": "4.3"}, "Use 4.20 or 4.18"),
        ({"repository": "http://a b"}, "without blanks"),
        ({"pkgsrc_dir": "pkgsrc"}, "absolute"),
        ({"pkgsrc_dir": "/usr/../pkgsrc"}, "absolute"),
        ({"parts": []}, "parts is empty"),
    ],
)
def test_what_makes_no_sense(tmp_path, given, words):
    assert words in refusal(Machine(tmp_path), **given)


def test_a_pair_of_two_versions_is_told(tmp_path):
    host = Machine(tmp_path, "xenkernel420", "xentools420")
    host.becomes("xentools420", "1.0nb3")
    assert run(host).plan.warnings == []
    host.becomes("xentools420", "20250822")
    (warning,) = run(host).plan.warnings
    assert "xentools420 is 20250822" in warning


# -- packages that are registered and not there


@pytest.mark.parametrize("database", ["/usr/pkg/pkgdb", "/var/db/pkg"])
@pytest.mark.parametrize("name", ["xenkernel420", "xentools420"])
def test_what_an_interrupted_installation_left_is_put_in_place_again(tmp_path, name, database):
    host = Machine(tmp_path)
    host.database = database
    host._add(["xenkernel420", "xentools420"])
    host.interrupt(name)
    (change,) = run(host, repository=MIRROR).done
    assert change.summary == f"put {name} in place again, because it lacks /usr/pkg/lib/{name}.so, and 1 more"
    assert host.mutations == [f"/usr/sbin/pkg_add -U {MIRROR}/{name}-1.0.tgz", "/usr/sbin/pkg_admin rebuild-tree"]
    assert {"PKG_PATH": MIRROR} in host.environments


def test_a_file_that_lost_its_content_in_a_power_cut(tmp_path):
    host = Machine(tmp_path, "xenkernel420", "xentools420")
    host.put("/usr/pkg/bin/xentools420", "")
    assert "because /usr/pkg/bin/xentools420 is empty" in run(host, repository=MIRROR).done[0].summary


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\0" * 40, "holds nothing but NUL bytes"),
        (b"#!/bin/sh\nexit" + b"\0" * 40, "holds NUL bytes"),
        (b"#!/bin/sh\nex", "is cut off"),
        (b"\x7fELF\xff\xfe", "has another content"),
    ],
    ids=["NUL", "NUL tail", "half", "binary"],
)
def test_a_file_with_another_content(tmp_path, content, words):
    host = Machine(tmp_path, "xenkernel420", "xentools420")
    host.put("/usr/pkg/bin/xentools420", content)
    assert f"because /usr/pkg/bin/xentools420 {words}" in run(host, repository=MIRROR).done[0].summary


def test_a_text_that_the_admin_changed_is_the_admins(tmp_path):
    host = Machine(tmp_path, "xenkernel420", "xentools420")
    host.put("/usr/pkg/bin/xentools420", "#!/bin/sh\n# mine\n")
    outcome = run(host)
    assert outcome.done == []
    (warning,) = outcome.plan.warnings
    assert "/usr/pkg/bin/xentools420 is not as xentools420 brought it" in warning


@pytest.mark.parametrize("source", ["pkg_add", "pkgin"])
def test_nothing_is_touched_while_the_mirror_is_away(tmp_path, source):
    host = Machine(tmp_path, "xenkernel420", "xentools420")
    host.interrupt("xentools420")
    host.unreachable = True
    outcome = converge(xen_packages, params(source=source, repository=MIRROR), host, check=False)
    assert "does not have xentools420, so nothing was removed" in str(outcome.failures["Xen 4.20"])
    assert host.mutations == []


def test_nothing_is_removed_for_tools_that_the_mirror_lacks(tmp_path):
    host = Machine(tmp_path, "xenkernel420", "xentools418")
    host.unreachable = True
    given = params(source="pkg_add", repository=MIRROR, replace_tools=True)
    outcome = converge(xen_packages, given, host, check=False)
    assert "does not have xentools420, so nothing was removed" in str(outcome.failures["Xen 4.20"])
    assert host.mutations == []


def test_pkgins_own_repository_is_where_pkg_add_gets_it(tmp_path):
    host = Machine(tmp_path, "xenkernel420", "xentools420")
    host.interrupt("xentools420")
    host.put("/usr/pkg/etc/pkgin/repositories.conf", "# mine\nhttp://mirror.example/$arch/$osrelease/All\n")
    run(host)
    assert {"PKG_PATH": "http://mirror.example/x86_64/10.1/All"} in host.environments


def test_without_a_repository_of_pkgins_that_is_said(tmp_path):
    host = Machine(tmp_path, "xenkernel420", "xentools420")
    host.interrupt("xentools420")
    outcome = converge(xen_packages, params(), host, check=False)
    assert "names no repository to have them from" in str(outcome.failures["Xen 4.20"])


def test_a_tree_replaces_what_is_not_whole(tmp_path):
    host = Machine(tmp_path, "xenkernel420", "xentools420")
    host.put("/usr/pkgsrc/sysutils/xentools420/Makefile")
    host.interrupt("xentools420")
    run(host, source="pkgsrc")
    assert host.mutations == [
        "/usr/bin/make BATCH=yes replace",
        "/usr/bin/make BATCH=yes clean",
        "/usr/sbin/pkg_admin rebuild-tree",
    ]


def test_half_a_pair_and_half_a_package(tmp_path):
    host = Machine(tmp_path, "xenkernel420")
    host.interrupt("xenkernel420")
    (change,) = run(host, repository=MIRROR).done
    assert change.summary.startswith("put xenkernel420 in place again, because it lacks")
    assert change.summary.endswith("; install xentools420 with pkgin")
    assert host.mutations[-1] == "/usr/pkg/bin/pkgin -y install xentools420"


def test_a_package_whose_list_is_elsewhere_is_not_called_whole(tmp_path):
    host = Machine(tmp_path, "xenkernel420", "xentools420")
    host.remove("/usr/pkg/pkgdb/xentools420-1.0/+CONTENTS")
    (warning,) = run(host).plan.warnings
    assert "xentools420 is installed, but its packing list is in none of the usual places" in warning


# -- on the disk


def test_what_was_installed_is_on_the_disk_before_it_is_done(tmp_path):
    host = Machine(tmp_path, "grub2")
    run(host)
    for path in ("bin/xentools420", "bin", "pkgdb/xentools420-1.0/+CONTENTS", "pkgdb/xentools420-1.0", "lib"):
        assert f"/usr/pkg/{path}" in host.synced, path
    assert not [path for path in host.synced if "grub2" in path], "what was there before is not ours to note"
    noted = [line.split()[0] for line in host.text("/var/db/netbsd.xen.packages").splitlines()]
    assert noted == ["xenkernel420-1.0", "xentools420-1.0"]


def test_what_came_before_a_failure_is_on_the_disk_too(tmp_path):
    host = Machine(tmp_path)
    host.broken = "xentools420"
    assert converge(xen_packages, params(source="pkg_add"), host, check=False).failures
    assert "/usr/pkg/bin/xenkernel420" in host.synced
    assert host.text("/var/db/netbsd.xen.packages").startswith("xenkernel420-1.0 ")


@pytest.mark.parametrize(
    "content", ["", "\0" * 50, "xentools4", "nonsense\n\udcff\n"], ids=["empty", "NUL", "half", "bytes"]
)
def test_a_damaged_note_notes_nothing(tmp_path, content):
    host = Machine(tmp_path)
    host.put("/var/db/netbsd.xen.packages", content)
    assert _packages.on_disk(host) == set()
    run(host)
    assert len(_packages.on_disk(host)) == 2


# -- reading ahead


def test_reading_ahead_serves_an_unchanged_run(tmp_path):
    host = Machine(tmp_path, "xenkernel420", "xentools420", "python313")
    current = xen_packages.read(host)
    assert current["packages"] == {"xenkernel420": "1.0", "xentools420": "1.0"}
    declared = xen_packages.declare(params(source="pkgsrc", pkgsrc_dir="/home/pkgsrc"))
    assert xen_packages.plan(current, declared).changes == []
    other = xen_packages.declare(params(source="pkgsrc", pkgsrc_dir="/home/pkgsrc", release="4.15", parts=["kernel"]))
    with pytest.raises(NotRead):
        xen_packages.plan(current, other)


def test_a_configuration_that_is_edited_is_none_of_the_packages_business(tmp_path):
    """Seen on a NetBSD 7.99.10 whose xentools were packed by hand: xl.conf was in the packing list, and our own lines
    in it were warned of at each look."""
    host = Machine(tmp_path)
    host._register("xentools420")
    listing = f"{host.database}/xentools420-1.0/+CONTENTS"
    for file in ("etc/xen/xl.conf", "etc/xen/scripts/block"):
        host.put(listing, f"{host.text(listing)}{file}\n@comment MD5:0123456789abcdef0123456789abcdef\n")
        host.put(f"/usr/pkg/{file}", "edited\n")
    found = package_check.look(host, host.packages, ["xentools420"])
    assert (found.damaged, found.edited) == ({}, {"xentools420": ["/usr/pkg/etc/xen/scripts/block"]})
    host.put("/usr/pkg/etc/xen/xl.conf", "")
    lost = package_check.look(host, host.packages, ["xentools420"]).damaged
    assert lost == {"xentools420": ["/usr/pkg/etc/xen/xl.conf is empty"]}
