# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""xm's command table as its usage texts show it (SUBCOMMAND_HELP and the aliases of tools/python/xen/xm/main.py).

The lines about options that follow some of the usages are left out.
"""
from __future__ import annotations

HELP: dict[str, tuple[str, str]] = {
    "console": ("[-q|--quiet] <Domain>", "Attach to <Domain>'s console."),
    "create": ("<ConfigFile> [options] [vars]", "Create a domain based on <ConfigFile>."),
    "new": ("<ConfigFile> [options] [vars]", "Adds a domain to Xend domain management"),
    "delete": ("<DomainName>", "Remove a domain from Xend domain management."),
    "destroy": ("<Domain>", "Terminate a domain immediately."),
    "dmesg": ("[-c|--clear]", "Read and/or clear Xend's message buffer."),
    "domid": ("<DomainName>", "Convert a domain name to domain id."),
    "domname": ("<DomId>", "Convert a domain id to domain name."),
    "dump-core": ("[-L|--live] [-C|--crash] [-R|--reset] <Domain> [Filename]", "Dump core for a specific domain."),
    "info": ("[-c|--config]", "Get information about Xen host."),
    "list": ("[options] [Domain, ...]", "List information about all/some domains."),
    "mem-max": ("<Domain> <Mem>", "Set the maximum amount reservation for a domain."),
    "mem-set": ("<Domain> <Mem>", "Set the current memory usage for a domain."),
    "migrate": ("<Domain> <Host>", "Migrate a domain to another machine."),
    "pause": ("<Domain>", "Pause execution of a domain."),
    "reboot": ("<Domain> [-wa]", "Reboot a domain."),
    "rename": ("<DomainName> <NewDomainName>", "Rename a domain."),
    "restore": ("<CheckpointFile> [-p]", "Restore a domain from a saved state."),
    "resume": ("<DomainName>", "Resume a Xend managed domain"),
    "save": ("[-c] <Domain> <CheckpointFile>", "Save a domain state to restore later."),
    "sched-credit": ("[-d <Domain> [-w[=WEIGHT]|-c[=CAP]]]", "Get/set credit scheduler parameters."),
    "shutdown": ("<Domain> [-waRH]", "Shutdown a domain."),
    "start": ("<DomainName>", "Start a Xend managed domain"),
    "suspend": ("<DomainName>", "Suspend a Xend managed domain"),
    "sysrq": ("<Domain> <letter>", "Send a sysrq to a domain."),
    "top": ("", "Monitor a host and the domains in real time."),
    "trigger": ("<Domain> <nmi|reset|init|s3resume|power> [<VCPU>]", "Send a trigger to a domain."),
    "unpause": ("<Domain>", "Unpause a paused domain."),
    "uptime": ("[-s] [Domain, ...]", "Print uptime for all/some domains."),
    "vcpu-list": ("[Domain, ...]", "List the VCPUs for all/some domains."),
    "vcpu-pin": ("<Domain> <VCPU|all> <CPUs|all>", "Set which CPUs a VCPU can use."),
    "vcpu-set": ("<Domain> <vCPUs>", "Set the number of active VCPUs for allowed for the domain."),
    "block-attach": ("<Domain> <BackDev> <FrontDev> <Mode> [BackDomain]", "Create a new virtual block device."),
    "block-detach": ("<Domain> <DevId> [-f|--force]", "Destroy a domain's virtual block device."),
    "block-list": ("<Domain> [--long]", "List virtual block devices for a domain."),
    "block-configure": ("<Domain> <BackDev> <FrontDev> <Mode> [BackDomain]", "Change block device configuration"),
    "network-attach": ("<Domain> [type=<type>] [mac=<mac>] [bridge=<bridge>] [ip=<ip>] [script=<script>] "
                       "[backend=<BackDomain>] [vifname=<name>] [rate=<rate>] [model=<model>][accel=<accel>]",
                       "Create a new virtual network interface."),
    "network-detach": ("<Domain> <DevId> [-f|--force]", "Destroy a domain's virtual network interface."),
    "network-list": ("<Domain> [--long]", "List virtual network interfaces for a domain."),
    "help": ("", "Display this message."),
}

# From Xen 4.1 on.
POOLS = {
    "cpupool-list": ("[<CPU Pool>] [-l|--long] [-c|--cpus]", "List CPU pools on host"),
    "cpupool-migrate": ("<Domain> <CPU Pool>", "Moves a domain into a CPU pool"),
}

ALIASES = {"balloon": "mem-set", "set-vcpus": "vcpu-set", "vif-list": "network-list", "vbd-create": "block-attach",
           "vbd-destroy": "block-detach", "vbd-list": "block-list"}


def usage(command: str) -> str:
    arguments, description = {**HELP, **POOLS}[command]
    return f"Usage: xm {command} {arguments}\n\n{description}\n\n"
