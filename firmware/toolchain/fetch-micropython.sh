#!/bin/sh
# Fetch MicroPython's source at a pinned checksum and unpack it.
#
# The source comes from Debian's archive (source package `micropython` of trixie), through a
# private apt configuration: own lists, cache and sources, the archive address and the signing
# keyring of the machine's own Debian. Nothing of the machine's apt set-up is changed.
#
# usage: fetch-micropython.sh DESTINATION
set -eu

VERSION=1.25.0+ds-1
ORIG=micropython_1.25.0+ds.orig.tar.xz
SHA256=7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea
SUITE=trixie
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

[ $# -eq 1 ] || { echo "usage: $0 DESTINATION" >&2; exit 2; }
mkdir -p "$1"
destination=$(cd "$1" && pwd)
[ -f "$destination/.complete" ] && exit 0

fail() { echo "fetch-micropython: $*" >&2; exit 1; }

command -v apt-get >/dev/null || fail "apt-get not found: set MICROPYTHON_DIR to a checkout of MicroPython v1.25.0 instead"
[ -r "$KEYRING" ] || fail "$KEYRING not found: install the package debian-archive-keyring"

archive=$(apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
          awk '$1 == "Debian" && $2 !~ /-/ { print $3; exit }')
[ -n "$archive" ] || fail "no Debian archive is configured: run apt-get update, or set MICROPYTHON_DIR to a checkout of MicroPython v1.25.0"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/parts"
echo "deb-src [signed-by=$KEYRING] $archive $SUITE main" > "$work/sources.list"

private_apt() {
    apt-get -q -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" \
            -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/parts" \
            -o APT::Sandbox::User=root "$@"
}

cd "$work"
private_apt update > update.log 2>&1 || { cat update.log >&2; fail "the index of Debian $SUITE cannot be read"; }
private_apt source --download-only "micropython=$VERSION" > source.log 2>&1 ||
    { cat source.log >&2; fail "the source package micropython $VERSION cannot be fetched"; }

echo "$SHA256  $ORIG" | sha256sum --check --quiet || fail "$ORIG does not have the pinned checksum"

tar -xJf "$ORIG" -C "$destination" --strip-components=1
touch "$destination/.complete"
