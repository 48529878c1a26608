#!/bin/sh
# Install the Debian packages listed in packages.txt that are missing, as root or with sudo.
set -eu

list=$(dirname "$0")/packages.txt
fail() { echo "install-packages: $*" >&2; exit 1; }

command -v dpkg-query >/dev/null || fail "this is no Debian system: install what $list names by hand, then touch build/stamps/packages"

missing=
for package in $(grep -v '^#' "$list"); do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [ -t 0 ] && echo "sudo, to install Debian packages:$missing" && sudo -v; }; }; then
    as_root=sudo
else
    fail "Debian packages are missing and this user may not install them; run as root: apt-get install$missing"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "installing Debian packages:$missing"
install_missing() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends $missing > "$log" 2>&1
}
install_missing && exit 0
$as_root apt-get -q update > "$log" 2>&1 || { cat "$log" >&2; fail "apt-get update failed: the package index cannot be read"; }
install_missing || { cat "$log" >&2; fail "apt-get could not install:$missing"; }
