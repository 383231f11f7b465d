#!/usr/bin/env bash
# Installs what is missing of the named sections of deploy/packages:  deploy/install-packages.sh build test
# Says nothing and asks for no rights when nothing is missing. With --list it prints the packages of the sections and
# installs nothing. Services that a package brings are not started.
set -euo pipefail
list=${LIANCHENG_PACKAGES:-$(dirname "$0")/packages}

fail() {
    echo "install-packages: $1" >&2
    exit 1
}

packages_of() { # section
    local found
    found=$(sed -n "/^\[$1\]/,/^\[/p" "$list" | sed -e 's/#.*//' -e '/^\[/d' -e 's/[[:space:]]//g' -e '/^$/d')
    [ -n "$found" ] || fail "there is no section [$1] in $list."
    echo "$found"
}

is_installed() { # package
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Packages that start a service when installed do not here: what needs one starts a private one.
hold_services() {
    policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then return; fi
    trap release_services EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}

release_services() {
    as_root rm -f "$policy"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Use-Pty=0 "$@"
}

log_path=
run_quietly() { # what, command...: the output only when it fails
    log_path=${log_path:-$(mktemp)}
    local what=$1
    shift
    if "$@" >"$log_path" 2>&1; then return 0; fi
    tail -n 20 "$log_path" >&2
    rm -f "$log_path"
    fail "$what failed (see above); mend that, or install by hand: ${missing[*]}"
}

list_only=false
if [ "${1:-}" = --list ]; then
    list_only=true
    shift
fi
[ $# -gt 0 ] || fail "name the sections of $list to install, say: build test"
wanted=$(for section in "$@"; do packages_of "$section"; done | sort -u)
if $list_only; then
    echo "$wanted"
    exit 0
fi

command -v dpkg-query >/dev/null || fail "this is no Debian; install what stands in $list for '$*' by your system's own means."
missing=()
for package in $wanted; do
    is_installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    fail "these packages are missing and there is no sudo; run as root: apt-get install -y --no-install-recommends ${missing[*]}"
fi
echo "Installing ${#missing[@]} packages / 正在安装 ${#missing[@]} 个软件包: ${missing[*]}"
hold_services
# The lists may be missing (a fresh image) or name versions that are gone: update, then install.
run_quietly "apt-get update" apt update -q
run_quietly "apt-get install" apt install -y -q --no-install-recommends "${missing[@]}"
rm -f "$log_path"
