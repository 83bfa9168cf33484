# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""`make faults`: a fault at each step of a converge, each on a machine of its own, and what becomes of the machine.

For each case a machine without a fault shows the steps. Then as many machines as there are faults run the same
playbook: once with the fault, once again, and a third time. After the first run a machine must come up and have lost
nothing; after the second it must be as the one without a fault; the third must change nothing.

The end is a table of the faults that happened, and of each promise that was not kept; exit status 1 if there is one.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / name) for name in ("tools", "simulator")]

import machines  # noqa: E402
from cases import CASES, Case  # noqa: E402
from inject import POWER_CUT, Fault, arm, fired, plan, repeated  # noqa: E402
from judge import Evidence, Outcome, Reference, Sight, Verdict, as_record, judge, tally  # noqa: E402
from rehearsal import CHECKOUT, Rack, Run, ansible, rack  # noqa: E402
from steps import Step, steps  # noqa: E402

PLAYBOOKS = CHECKOUT / "playbooks"
WORK = CHECKOUT / ".build/faults"
RACKS = CHECKOUT / ".build/racks"
PLAIN = "plain"  # the machine without a fault
PREPARED_AT_ONCE = 3
BATCH = 8  # machines of one run
RUNS_AT_ONCE = 4  # of one batch, where each machine has a run of its own
SLOW = ("hang", "cut_off")
BATCHES_AT_ONCE = 2
RUN_SECONDS = 900.0  # a run that takes longer waits for something for ever
# What the three runs of one machine take of the wall clock on two cores, in a run with others and alone. It only sizes
# the selection.
SECONDS_A_FAULT, SECONDS_ALONE = 8.0, 25.0


def say(text: str) -> None:
    """Print a line. Not by print(): in another thread the simulated rc may just be collecting what a boot prints."""
    os.write(1, f"{text}\n".encode())


@dataclass(frozen=True)
class Prepared:
    """A case whose machine without a fault has shown what a run does."""

    case: Case
    rack: Rack
    template: Path
    reference: Reference
    steps: list[Step]


def main() -> int:
    arguments = parse_arguments()
    started = time.monotonic()
    prepared: list[Prepared] = []
    errors: list[str] = []
    end = started + arguments.minutes * 60
    again = repeated(arguments.repeat.read_text().splitlines()) if arguments.repeat else {}
    wanted = list(again) or arguments.cases.split(",")
    chosen = [case for case in CASES if case.name in wanted or (wanted == [""] and not case.by_name)]
    with ExitStack() as racks:
        # Most of the time a single machine waits, so some at once.
        made = {
            case.name: racks.enter_context(rack(RACKS / f"faults-{case.name}", *kind(case, PLAIN))) for case in chosen
        }
        with ThreadPoolExecutor(PREPARED_AT_ONCE) as pool:
            ready = {case.name: pool.submit(prepare, case, made[case.name]) for case in chosen}
        for case in chosen:
            try:
                prepared.append(ready[case.name].result())
            except CaseError as error:
                errors.append(f"{case.name}: {error}")
        say(f"{len(prepared)} cases prepared in {time.monotonic() - started:.0f} s")
        faults = choose(prepared, arguments, end - time.monotonic())
        if arguments.repeat:
            faults = [(each, tuple(again[each.case.name])) for each in prepared]
        verdicts = inject(faults, end)
    return report(verdicts, errors, time.monotonic() - started)


def kind(case: Case, names: str) -> list[str]:
    """simrack's options for machines of a case; ``names`` separated by commas."""
    return ["--profile", case.profile, "--loader", case.loader, f"--{case.preset}", "--names", names]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ", ".join(case.name for case in CASES)
    parser.add_argument("--cases", default="", help=f"only these, separated by commas: {names}")
    minutes = float(os.environ.get("FAULT_MINUTES", "20"))
    parser.add_argument("--minutes", type=float, default=minutes, help="(or FAULT_MINUTES) about so long: %(default)g")
    parser.add_argument("--step", default="", help="only steps whose line matches this regular expression")
    parser.add_argument("--action", default="", help="only kinds of fault that match this regular expression")
    parser.add_argument("--list", action="store_true", help="print the steps of each case, inject nothing")
    parser.add_argument(
        "--repeat", type=Path, help="a report: what was not as promised in it is done again, with the same damage"
    )
    return parser.parse_args()


class CaseError(Exception):
    """A case that can't be played: without a fault, its machine already does not do as promised."""


Chosen = list[tuple[Prepared, tuple[Fault, ...]]]


def choose(prepared: Sequence[Prepared], arguments: argparse.Namespace, seconds: float) -> Chosen:
    """The faults of all cases for which there is time in ``seconds``, none of a shape that an earlier case has."""
    seen: set[tuple[str, str]] = set()
    found = []
    for number, each in enumerate(prepared):
        case = each.case
        say(f"\n=== {case.name}: {case.profile}, loader {case.loader}, {case.preset}")
        for step in each.steps if arguments.list else ():
            say(f"   {step.line}")
        wanted = [step for step in each.steps if re.search(arguments.step, step.line)]
        takes = SECONDS_ALONE if case.alone else SECONDS_A_FAULT
        # What a case leaves of its share, the others have.
        share = seconds * case.weight / sum(other.case.weight for other in prepared[number:])
        most = 0 if arguments.list else round(share / takes)
        chosen = plan(wanted, set() if case.whole else seen, most, arguments.action)
        say(
            f"   {len(each.steps)} steps, {len(chosen.faults)} faults; left out {chosen.known} that an earlier "
            f"case had or nobody asked for, {chosen.cut} for lack of time"
        )
        seen.update(fault.shape for fault in chosen.faults)
        found.append((each, chosen.faults))
        seconds -= len(chosen.faults) * takes
    return found


# --- the machine without a fault ---


def prepare(case: Case, made: Rack) -> Prepared:
    """Bring a machine to the case's state, keep that as the template, and run without a fault. Raises CaseError."""
    shutil.rmtree(WORK / case.name, ignore_errors=True)
    host = made.host(PLAIN)
    where = WORK / case.name / PLAIN
    if case.earlier is not None:
        earlier = play(made, [PLAIN], case.earlier, where / "earlier", PLAYBOOKS / "site.yml")
        must_succeed(earlier, "the earlier run")
    if case.disturb is not None:
        case.disturb(made, PLAIN)
    template = made.directory / "template"
    machines.keep(host, template)
    before = machines.look(host)
    if before.boots:
        raise CaseError(f"the machine would not boot to begin with: {before.boots}")
    machines.prepare(host, log=True)
    playbook = PLAYBOOKS / f"{case.playbook}.yml"
    must_succeed(play(made, [PLAIN], case.variables, where / "first", playbook), "the run without a fault")
    found = steps((host / "commands.log").read_text().splitlines())
    again = play(made, [PLAIN], case.variables, where / "second", playbook)
    must_succeed(again, "the second run without a fault")
    if again.changed:
        raise CaseError(f"the second run without a fault changes something: {sorted(again.changes)}")
    after = machines.look(host)
    if after.boots or after.xen != case.variables["dom0_xen_release"]:
        raise CaseError(f"without a fault the machine boots {after.boots or after.xen or 'without Xen'}")
    return Prepared(case, made, template, Reference(before, after), found)


def must_succeed(run: Run, what: str) -> None:
    """Raises CaseError with the end of the output."""
    if run.status:
        raise CaseError(f"{what} failed; all of its output is in {run.output}\n{tail(run.output)}")


def tail(path: Path | None) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-25:]) if path and path.exists() else ""


def play(made: Rack, hosts: Sequence[str], variables: dict[str, Any], record: Path, playbook: Path) -> Run:
    """One run of a playbook over some machines of a rack, at once."""
    record.mkdir(parents=True, exist_ok=True)
    (record / "hosts.yml").write_text(made.simrack("inventory"))
    own = {"all": {"hosts": {host: machines.identity(host) for host in hosts}}}
    (record / "own.json").write_text(json.dumps(own, indent=1))
    (record / "variables.json").write_text(json.dumps(variables, indent=1))
    return ansible(
        "ansible-playbook",
        *("-i", str(record / "hosts.yml"), "-i", str(record / "own.json")),
        *("--limit", ",".join(hosts)),
        *("--forks", str(len(hosts))),
        *("-e", f"@{record / 'variables.json'}"),
        str(playbook),
        record=record / "run.jsonl",
        quiet=True,
        limit=RUN_SECONDS,
    )


def play_alone(made: Rack, hosts: Sequence[str], variables: dict[str, Any], record: Path, playbook: Path) -> Run:
    """A run of its own for each machine, told as one."""
    whole = Run(0, 0.0)
    with ThreadPoolExecutor(RUNS_AT_ONCE) as pool:
        for run in pool.map(lambda host: play(made, [host], variables, record / host, playbook), hosts):
            whole.changes |= run.changes
            whole.failures.update(run.failures)
            whole.stats.update(run.stats)
    return whole


# --- the machines with faults ---


def inject(chosen: Chosen, end: float) -> list[Verdict]:
    """A machine for each fault, in batches of one case. None begins after ``end`` on the monotonic clock."""
    batches: list[tuple[Prepared, int, dict[str, Fault]]] = []
    for prepared, faults in chosen:
        if not faults:
            continue
        # Machines of a run wait for each other: those that wait for a time limit had better do it together.
        in_order = sorted(faults, key=lambda fault: fault.action not in SLOW)
        numbered = [(f"h{number:04d}", fault) for number, fault in enumerate(in_order, start=1)]
        prepared.rack.simrack("create", *kind(prepared.case, ",".join(name for name, _fault in numbered)))
        starts = range(0, len(numbered), BATCH)
        batches += [(prepared, start // BATCH + 1, dict(numbered[start : start + BATCH])) for start in starts]
    # The first of each case, then the second: when time is up, each has had its share.
    batches.sort(key=lambda batch: batch[1])
    wanted = sum(len(batch) for _prepared, _number, batch in batches)
    verdicts: list[Verdict] = []
    with ThreadPoolExecutor(BATCHES_AT_ONCE) as pool:
        for done in as_completed([pool.submit(play_batch, *batch, end) for batch in batches]):
            verdicts += done.result()
            tell(done.result(), len(verdicts), wanted)
    if len(verdicts) < wanted:
        say(f"   {wanted - len(verdicts)} more left out for lack of time")
    return verdicts


def tell(judged: Sequence[Verdict], done: int, of: int) -> None:
    """How far it is, and what was not kept in the batch that has just ended."""
    if judged:
        say(f"   {done} of {of}; in this batch {sum(bool(verdict.broken) for verdict in judged)} not as promised")
    for verdict in judged:
        for text in verdict.broken:
            say(f"      {verdict.evidence.host} {verdict.evidence.fault}: {text}")


def play_batch(prepared: Prepared, number: int, batch: dict[str, Fault], end: float) -> list[Verdict]:
    """The three runs of some machines, and what is to be said of each; nothing after ``end``."""
    if time.monotonic() > end:
        return []
    hosts = {name: prepared.rack.host(name) for name in batch}
    before: dict[str, Sight] = {}
    for name, host in hosts.items():
        machines.clone(prepared.template, host)
        machines.prepare(host, log=False)
        arm(host, batch[name])
        before[name] = machines.look(host)
    first = outcomes(prepared, number, "first", hosts)
    after_first = {name: machines.look(host) for name, host in hosts.items()}
    kept = {name: WORK / prepared.case.name / "kept" / name for name in hosts}
    for name, host in hosts.items():
        machines.keep(host, kept[name])
    unreached = {name for name, host in hosts.items() if machines.out_of_reach(host)}
    for name in unreached:
        machines.press_reset(hosts[name])
    second = outcomes(prepared, number, "second", hosts)
    after_second = {name: machines.look(host) for name, host in hosts.items()}
    third = outcomes(prepared, number, "third", hosts)
    judged = []
    for name, host in hosts.items():
        evidence = Evidence(
            f"{prepared.case.name} {name}",
            batch[name],
            fired(host),
            before[name],
            first[name],
            after_first[name],
            second[name],
            after_second[name],
            third[name],
            name in unreached,
            machines.damaged(host),
        )
        judged.append(judge(evidence, prepared.reference))
        if not judged[-1].broken:
            shutil.rmtree(kept[name])
    return judged


def outcomes(prepared: Prepared, number: int, which: str, hosts: dict[str, Path]) -> dict[str, Outcome]:
    """One run over a batch, by machine, once all of them are up that come up."""
    for host in hosts.values():
        machines.wait_for_boot(host)
    case = prepared.case
    record = WORK / case.name / f"batch{number:02d}-{which}"
    runner = play_alone if case.alone else play
    playbook = PLAYBOOKS / f"{case.playbook}.yml"
    with machines.Watch(hosts.values()) as watch:
        try:
            run = runner(prepared.rack, list(hosts), case.variables, record, playbook)
        except subprocess.TimeoutExpired as error:
            # One of the machines keeps all waiting. Without a recap, none of them counts as done.
            say(f"   {which} run of {', '.join(hosts)}: {error}; see {record}")
            run = Run(-1, error.timeout)
    for host in hosts.values():
        machines.end_hangs(host)
    return {
        name: Outcome(
            run.stats.get(name, {}),
            tuple(sorted(f"{resource} {thing}" for host, resource, thing in run.changes if host == name)),
            tuple(run.failures.get(name, ())),
            # A process in the background may hang without the run waiting for it.
            name in watch.freed and run.stats.get(name, {}).get("unreachable", 0) > 0,
        )
        for name in hosts
    }


# --- the end ---


def report(verdicts: list[Verdict], errors: list[str], seconds: float) -> int:
    """Print the tables; 1 if a promise was not kept."""
    WORK.mkdir(parents=True, exist_ok=True)
    with (WORK / "report.jsonl").open("w") as file:
        file.writelines(json.dumps(as_record(verdict)) + "\n" for verdict in verdicts)
    say("\n=== Faults that happened, by step and kind\n")
    for line in table(tally(verdicts)):
        say(line)
    broken = [verdict for verdict in verdicts if verdict.broken]
    for verdict in broken:
        say(f"\n{verdict.evidence.host}: {verdict.evidence.fault}")
        for text in verdict.broken:
            say(f"   NOT KEPT: {text}")
        for path, begin in sorted(verdict.evidence.damage.items()):
            say(f"   NUL from byte {begin} on: /{path}")
    total = sum(verdict.evidence.fired == 1 for verdict in verdicts)
    cuts = [len(verdict.evidence.damage) for verdict in verdicts if verdict.evidence.fault.action.startswith(POWER_CUT)]
    say(f"\n{len(cuts)} power cuts damaged {sum(cuts)} files.")
    say(f"{total} faults injected, {len(broken)} machines not as promised, {seconds / 60:.1f} minutes.")
    say(f"Everything that was seen: {(WORK / 'report.jsonl').relative_to(CHECKOUT)}")
    for error in errors:
        say(f"CASE NOT PLAYED: {error}")
    return 1 if broken or errors else 0


def table(counts: dict[str, dict[str, int]]) -> Iterator[str]:
    """The counts of ``tally`` with sums."""
    kinds = sorted({kind for row in counts.values() for kind in row})
    yield "  ".join(["step".ljust(16), *(kind.rjust(11) for kind in kinds), "all".rjust(6)])
    for program, row in sorted(counts.items()):
        cells = [str(row.get(kind, 0)).rjust(11) for kind in kinds]
        yield "  ".join([program.ljust(16), *cells, str(sum(row.values())).rjust(6)])
    sums = [sum(row.get(kind, 0) for row in counts.values()) for kind in kinds]
    yield "  ".join(["all".ljust(16), *(str(number).rjust(11) for number in sums), str(sum(sums)).rjust(6)])


if __name__ == "__main__":
    sys.exit(main())
