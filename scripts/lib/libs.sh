#!/bin/sh
# libs.sh - finds the libraries that frametrace stands on and prints make variables for them.
#
# The Makefile writes the output to $(O)/libs.mk. All that is missing is named at once, by Debian
# package; then nothing is printed and the status is 1. CC and PKG_CONFIG are honoured.
set -u

CC=${CC:-cc}
PKG_CONFIG=${PKG_CONFIG:-pkg-config}
cflags='' libs='' missing=''

need() {
	missing="$missing $1"
	printf 'frametrace: %s not found; Debian and Ubuntu have it in package %s\n' "$2" "$1" >&2
}

# has_header FLAGS HEADER…: the last header can be included, after the others.
has_header() {
	flags=$1
	shift
	# shellcheck disable=SC2086 # flags are several words
	printf '#include <%s>\n' stddef.h stdio.h "$@" |
		$CC $flags -fsyntax-only -x c - 2>/dev/null
}

by_pkg_config() { # NAME PACKAGE
	if $PKG_CONFIG --exists "$1"; then
		cflags="$cflags $($PKG_CONFIG --cflags "$1")"
		libs="$libs $($PKG_CONFIG --libs "$1")"
	else
		need "$2" "library $1"
	fi
}

if ! command -v "${CC%% *}" >/dev/null; then
	need gcc "C compiler '$CC'"
elif ! command -v "$PKG_CONFIG" >/dev/null; then
	need pkg-config "command $PKG_CONFIG"
elif ! has_header '' stdlib.h; then
	need libc6-dev "header stdlib.h"
else
	by_pkg_config capstone libcapstone-dev
	by_pkg_config libunwind-ptrace libunwind-dev
	by_pkg_config libelf libelf-dev
	by_pkg_config sqlite3 libsqlite3-dev
	by_pkg_config ncursesw libncurses-dev
	by_pkg_config libedit libedit-dev

	# libdwarf 20210528 (Debian 12) has no pkg-config file; that of 0.11 (Debian 13) names a
	# directory that is not there. The headers are in /usr/include/libdwarf in both.
	dwarf_flags=$($PKG_CONFIG --cflags libdwarf 2>/dev/null)
	has_header "$dwarf_flags" libdwarf.h || dwarf_flags=-I/usr/include/libdwarf
	if has_header "$dwarf_flags" libdwarf.h; then
		cflags="$cflags $dwarf_flags"
		libs="$libs $($PKG_CONFIG --libs libdwarf 2>/dev/null || echo -ldwarf -lz)"
	else
		need libdwarf-dev "header libdwarf.h"
	fi

	if has_header -I/usr/include/libiberty demangle.h; then
		cflags="$cflags -I/usr/include/libiberty"
		libs="$libs -liberty"
	else
		need libiberty-dev "header demangle.h"
	fi
fi

if [ -n "$missing" ]; then
	printf 'frametrace: try: apt-get install%s   (or scripts/demo, which does it)\n' \
		"$missing" >&2
	exit 1
fi
echo "LIB_CFLAGS :=$cflags"
echo "LIBS :=$libs"
