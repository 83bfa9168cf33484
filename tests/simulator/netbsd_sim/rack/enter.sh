#!/bin/sh
# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# enter.sh RACK        the sshd's ForceCommand: the host is the one whose address the client called
# enter.sh --host DIR  `simrack exec`
# Both: the command is in SSH_ORIGINAL_COMMAND, the controller's Python in SIM_PYTHON.
#
# Runs the command in the host's root. Exit status 255 is that of a failed ssh: the host is down or still boots.

code=$(dirname "$0")/..
unshare=$(command -v unshare)

if [ "$1" = --host ]; then
    host=$2
else
    # shellcheck disable=SC2086 # four words: both ends' addresses and ports
    set -- "$1" $SSH_CONNECTION
    host=$(readlink -f "$1/addresses/$4") && [ -d "$host" ] || { echo "no simulated host has $4" >&2; exit 255; }
    echo $$ >> "$host/connections/$PPID" # this connection's sshd, which a reboot ends, and this session of it
fi

# The connections of a machine that went away do not survive, but the one that asked for it still gets its answer.
hang_up() {
    (sleep 0.3; exec "$SIM_PYTHON" -IS "$code/core/hangup.py" "$host") < /dev/null > /dev/null 2>&1 &
}

unreachable() {
    [ -e "$host/unreachable" ] && read -r until < "$host/unreachable" || return 1
    [ "$until" = down ] || [ "$until" = cut ] || [ "$(date +%s%3N)" -lt "$until" ]
}

if unreachable; then
    [ "$until" = cut ] || hang_up # a host that is cut off runs on
    exit 255
fi

command=$SSH_ORIGINAL_COMMAND
shown=$(printf %.200s "$command" | tr '\001-\037' ' ' | sed 's/[\\"]/\\&/g')
printf '{"time": %s, "command": "%s"}\n' "$(date +%s)" "$shown" >> "$host/sessions.log"

[ "$(id -u)" = 0 ] && user= || user="--user --map-root-user"
[ -n "$command" ] && shell="-c" || shell="-l"

# shellcheck disable=SC2016,SC2086 # the inner shell expands the text; $user is two words or none
"$unshare" $user --mount /bin/sh -c '
    mount -n -a -T "$1/mounts" || exit 255
    exec env -i HOME=/root LOGNAME=root USER=root SHELL=/bin/sh MAIL=/var/mail/root \
        PATH=/usr/bin:/bin:/usr/pkg/bin:/usr/local/bin \
        ${SSH_CLIENT:+SSH_CLIENT="$SSH_CLIENT" SSH_CONNECTION="$SSH_CONNECTION"} \
        ${SSH_TTY:+SSH_TTY="$SSH_TTY" TERM="$TERM"} \
        "$4" --root="$1/root" --wd=/root /bin/sh "$2" ${3:+"$3"}
' enter "$host" "$shell" "$command" "$unshare"
status=$?

[ -e "$host/unreachable" ] && unreachable && [ "$until" != cut ] && hang_up
exit "$status"
