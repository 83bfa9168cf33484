# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The commands of the pages, as they stand there, in the order in which a reader comes to them."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from markdown import CHECKOUT, CONTRIBUTING, PAGES, blocks, commands, inline_code
from rehearsal import Rack, Run, ansible, ansible_environment, inventory, rack

SHELL = [(block.page, command) for block in blocks("sh") for command in commands(block)]
MAKES = [command for _page, command in SHELL if re.fullmatch(r"make [a-z-]+", command)]
# Those of README are run one after the other; those of other pages are for a machine in some state.
PLAYBOOKS = [command for page, command in SHELL if page == "README.md" and command.startswith("ansible-playbook ")]
OTHER_PLAYBOOKS = [
    command for page, command in SHELL if page != "README.md" and command.startswith("ansible-playbook ")
]
# test_tutorial.py runs all of these two pages.
REHEARSED = [
    command
    for page, command in SHELL
    if page in ("docs/tutorial.md", "docs/rehearse.md") and not command.startswith("ansible-playbook ")
]
# docs/scale.md's are run by Molecule's scenario rack, which reads them from the page; this one is of no other kind.
RUNNERS = [command for page, command in SHELL if page == "docs/scale.md" and command.startswith("ansible-runner ")]
(GRAPH,) = [command for _page, command in SHELL if command.startswith("ansible-inventory ")]
EXAMPLE = CHECKOUT / "inventories/example"
# Ansible's exit status where a task failed on some host.
FAILED = 2
# Where a reader's way through a page is gone: each file takes the commands from the page, or runs its inventory.
GONE_THROUGH = {
    "molecule/linux-guests/molecule.yml": ["docs/linux-guest.md"],
    "molecule/rack/tests/scale/test_scale.py": ["docs/scale.md"],
    "tests/pages/test_commands.py": ["README.md", "docs/adopt.md", "docs/inventory.md"],
    "tests/pages/test_howto_pages.py": ["docs/native-loader.md", "docs/pci.md", "docs/raid-1.md"],
    "tests/pages/test_howtos.py": ["docs/grow-a-disk.md", "docs/grub.md", "docs/recover.md", "docs/serial-console.md"],
    "tests/pages/test_tutorial.py": ["docs/rehearse.md", "docs/tutorial.md"],
    "tests/unit/roles/test_howto_netbsd.py": ["docs/howto.md"],
}
# Here a command shows how something is called, and is no step of a way.
SHOWN = ["docs/consoles.md", "docs/plan.md", "roles/services/README.md"]
DOC = re.compile(r"ansible-doc (-t \w+ )?netbsd\.xen\.\w+")


def targets() -> set[str]:
    """What make knows, of what the Makefile has a description of."""
    return set(re.findall(r"^([a-z-]+):.*##", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rack, Path]]:
    """The machines of the example inventory, bare, and the inventory that says where they are.

    The files of Linux that the example says were brought to one of them by hand are there.
    """
    directory = CHECKOUT / ".build/racks/pages"
    hosts = sorted(inventory([EXAMPLE]))
    with rack(directory, "--names", ",".join(hosts), "--bare") as made:
        for host in hosts:
            linux = made.root(host) / "root/linux"
            linux.mkdir(parents=True)
            for name in ("vmlinuz-6.12", "initrd.img-6.12"):
                (linux / name).write_text(name)
        where = tmp_path_factory.mktemp("pages") / "hosts.yml"
        where.write_text(made.simrack("inventory"))
        yield made, where


def run(command: str, machines: tuple[Rack, Path], status: int = 0) -> Run:
    """A command line of README's, and where the machines are."""
    program, *arguments = shlex.split(command)
    record = CHECKOUT / ".build/pages/run.jsonl"
    ended = ansible(program, *arguments, "-i", str(machines[1]), record=record, quiet=True)
    assert ended.status == status, ended.output.read_text() if ended.output else ""
    return ended


def called(argv: list[str]) -> subprocess.CompletedProcess[str]:
    """A command that needs no machine, with the checkout's settings."""
    return subprocess.run(
        argv, cwd=CHECKOUT, env=ansible_environment(), capture_output=True, text=True, timeout=120, check=False
    )


def test_each_command_is_one_that_is_run_somewhere() -> None:
    everywhere = [*MAKES, *PLAYBOOKS, *OTHER_PLAYBOOKS, *RUNNERS, *REHEARSED, GRAPH]
    assert sorted(everywhere) == sorted(command for _page, command in SHELL)
    assert MAKES == ["make demo", "make test"]
    # What make test makes, CI does, and the demo.
    makefile, pipeline = (CHECKOUT / "Makefile").read_text(), (CHECKOUT / ".ci/run").read_text()
    (parts,) = re.findall(r"^test: ([a-z -]+) ##", makefile, re.MULTILINE)
    assert {"demo", *parts.split()} <= set(re.findall(r"[a-z-]+", pipeline))
    assert len(PLAYBOOKS) == 4
    print(f"{len(SHELL)} commands in blocks")


def test_each_page_with_commands_is_gone_through_by_a_test() -> None:
    assert sorted([*SHOWN, *(page for pages in GONE_THROUGH.values() for page in pages)]) == sorted(dict(SHELL))
    for file, pages in GONE_THROUGH.items():
        text = (CHECKOUT / file).read_text()
        for page in pages:
            name = Path(page).stem
            assert re.search(rf"{page}|\b{name}\b|howto-{name.partition('-')[0]}", text), f"{file} has no {page}"


def test_other_pages_name_playbooks_tags_and_variables_that_there_are() -> None:
    variables = {
        name
        for path in CHECKOUT.glob("roles/*/meta/argument_specs.yml")
        for name in yaml.safe_load(path.read_text())["argument_specs"]["main"]["options"]
    }
    # And those of the playbooks themselves.
    for path in CHECKOUT.glob("playbooks/*.yml"):
        variables.update(re.findall(r"netbsd_xen_\w+(?= \| default)", path.read_text()))
    for command in OTHER_PLAYBOOKS:
        program, *arguments = shlex.split(command)
        assert {given.split("=")[0] for given in arguments if "=" in given} <= variables, command
        inventories = ["-i", str(EXAMPLE), "-i", "xen1,"]
        argv = [str(Path(sys.executable).with_name(program)), *arguments, *inventories, "--list-tasks"]
        listed = called(argv)
        assert listed.returncode == 0, f"{command}: {listed.stdout}{listed.stderr}"
        assert listed.stdout.count("TAGS: [") > 1, command


def test_the_scenario_rack_runs_all_that_the_page_on_scale_has() -> None:
    test = (CHECKOUT / "molecule/rack/tests/scale/test_scale.py").read_text()
    (names,) = re.findall(r"^([A-Z, ]+) = re.findall\(.*sh.*PAGE", test, re.MULTILINE)
    assert len(names.split(",")) == len([page for page, _command in SHELL if page == "docs/scale.md"])
    for name in names.split(", "):
        assert len(re.findall(rf"\b{name}\b", test)) > 1, f"{name} is run by no test"
    assert "verify tests/scale" in (CHECKOUT / "molecule/rack/molecule.yml").read_text()


def test_what_make_is_said_to_make_it_knows() -> None:
    pages = [*PAGES, CONTRIBUTING]
    named = {code.split()[1] for page in pages for code in inline_code(page) if re.match(r"make [a-z]", code)}
    assert len(named) > 4 and named <= targets()


def test_what_ansible_doc_is_said_to_show_it_shows() -> None:
    named = sorted({found[0] for page in PAGES for code in inline_code(page) if (found := DOC.fullmatch(code))})
    assert len(named) > 4
    for command in named:
        program, *arguments = command.split()
        argv = [str(Path(sys.executable).with_name(program)), *arguments]
        shown = called(argv)
        assert shown.returncode == 0 and "EXAMPLES" in shown.stdout, f"{command}: {shown.stderr}"


def test_tags_are_those_of_the_playbook() -> None:
    (sentence,) = re.findall(r"Parts of it: (.*?)\. Each role", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    tags = set(re.findall(r"[a-z0-9]+(?=`)", sentence))
    argv = [str(Path(sys.executable).with_name("ansible-playbook")), "playbooks/site.yml", "--list-tags"]
    listed = called(argv)
    assert listed.returncode == 0, listed.stderr
    known = set(re.findall(r"[a-z0-9]+", " ".join(re.findall(r"TASK TAGS: \[(.*)\]", listed.stdout))))
    assert tags <= known and len(tags) == 8


def test_the_first_commands_of_a_reader(machines: tuple[Rack, Path], tmp_path: Path) -> None:
    check, converge, reboot, nightly = PLAYBOOKS

    assert "--check" in check
    run(check, machines)
    for host in inventory([EXAMPLE]):
        assert not (machines[0].root(host) / "usr/pkg/bin/pkgin").exists(), "--check installed something"

    prepared = run(converge, machines, status=FAILED)
    assert sorted(prepared.failures) == sorted(inventory([EXAMPLE]))
    for host, (message,) in prepared.failures.items():
        assert f"{host} is ready to boot into Xen 4.20" in message
        assert "Xen version" not in machines[0].execute(host, "/sbin/dmesg"), "rebooted without a word of the admin's"

    assert "bootloader_reboot=true" in reboot
    run(reboot, machines)
    for host, variables in inventory([EXAMPLE]).items():
        listed = machines[0].execute(host, "/usr/pkg/sbin/xl", "list").splitlines()[2:]
        wanted = {guest["name"] for guest in variables["domu_guests"] if guest.get("state") != "absent"}
        assert {line.split()[0] for line in listed} == wanted, host

    assert run(converge, machines).changed == 0
    the_guests_as_an_inventory(machines, tmp_path)
    an_inventory_is_written_of_what_is_there(machines, tmp_path)
    assert "netbsd_xen_max_impact=live" in nightly
    assert run(nightly, machines).changed == 0
    cron_tells_of_drift_and_of_nothing_else(machines, tmp_path)


def the_guests_as_an_inventory(machines: tuple[Rack, Path], directory: Path) -> None:
    """The command of docs/inventory.md shows what stands below it."""
    program, *arguments = shlex.split(GRAPH)
    where = arguments.index("-i", 1)
    given = CHECKOUT / arguments[where + 1]
    # Time passes slowly on a busy machine.
    patient = directory / given.name
    patient.write_text(given.read_text() + "timeout: 300\n")
    arguments[where : where + 2] = ["-i", str(machines[1]), "-i", str(patient)]
    shown = called([str(Path(sys.executable).with_name(program)), *arguments])
    (block,) = [block for block in blocks("text") if block.page == "docs/inventory.md"]
    assert (shown.returncode, shown.stdout) == (0, block.text), shown.stderr


def an_inventory_is_written_of_what_is_there(machines: tuple[Rack, Path], directory: Path) -> None:
    """The commands of docs/adopt.md, for somebody who has these machines and no inventory of them."""
    written, planned = (command for page, command in SHELL if page == "docs/adopt.md")
    own = directory / "inventory"
    own.mkdir()
    for command in (written, planned):
        ended = run(re.sub(r"\binventory\b", str(own), command), machines)
        assert ended.changed == (len(inventory([EXAMPLE])) if command == written else 0)
    text = (CHECKOUT / ".build/pages/run.out").read_text()
    assert f"{len(inventory([EXAMPLE]))} hosts: {len(inventory([EXAMPLE]))} in sync" in text
    found = {path.stem: yaml.safe_load(path.read_text()) for path in (own / "host_vars").iterdir()}
    for host, variables in inventory([EXAMPLE]).items():
        names = {guest["name"] for guest in variables["domu_guests"] if guest.get("state") != "absent"}
        assert {guest["name"] for guest in found[host]["domu_guests"]} == names


def cron_tells_of_drift_and_of_nothing_else(machines: tuple[Rack, Path], directory: Path) -> None:
    """The line for cron of docs/plan.md, on machines that are as declared: without a word, then of one that somebody
    has changed, then of all when none answers."""
    (block,) = blocks("crontab")
    times, command = re.fullmatch(r"((?:\S+ ){5}) *(.*)", block.text.strip()).groups()
    assert times == "17 * * * * " and "%" not in command, "cron takes a % for the end of the line"
    rack_made, where = machines
    hosts = sorted(inventory([EXAMPLE]))

    def mail() -> str:
        ended = subprocess.run(
            ["/bin/sh", "-c", command.replace("/etc/xen-rack", str(directory))],
            env={
                **ansible_environment(),
                "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
                "ANSIBLE_INVENTORY": f"{EXAMPLE},{where}",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ended.returncode == 0
        return ended.stdout + ended.stderr

    def states() -> dict[str, str]:
        assert (directory / "plan.html").exists()
        return {each["host"]: each["state"] for each in json.loads((directory / "plan.json").read_text())["hosts"]}

    assert mail() == ""
    assert states() == dict.fromkeys(hosts, "in_sync")

    rack_made.execute(hosts[0], "/sbin/brconfig", "bridge0", "delete", "wm0")
    assert f"{hosts[0]}:\n  live  bridge bridge0" in mail()
    assert states() == {**dict.fromkeys(hosts, "in_sync"), hosts[0]: "drifted"}

    rack_made.simrack("stop")
    assert f"{hosts[0]}: can't be reached: " in mail()
    assert states() == dict.fromkeys(hosts, "unreachable")
