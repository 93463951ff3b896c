# setup.sh - installs what a script needs and the machine lacks. Sourced by bash scripts.
#
#	. scripts/lib/setup.sh
#	setup build demos        # groups of the table below
#
# Says what it will install before it does, asks for root only if something is missing, and is
# silent if nothing is. Uses apt-get (Debian, Ubuntu); elsewhere it names the packages and stops.
# shellcheck shell=bash

# group   probe                        Debian package   dnf                 pacman
setup_table='
build     cmd:gcc                      gcc              gcc                 gcc
build     cmd:make                     make             make                make
build     cmd:pkg-config               pkg-config       pkgconf             pkgconf
build     header:stdlib.h              libc6-dev        glibc-devel         glibc
build     header:capstone/capstone.h   libcapstone-dev  capstone-devel      capstone
build     header:libunwind-ptrace.h    libunwind-dev    libunwind-devel     libunwind
build     header:gelf.h                libelf-dev       elfutils-libelf-devel libelf
build     header:sqlite3.h             libsqlite3-dev   sqlite-devel        sqlite
build     header:ncurses.h             libncurses-dev   ncurses-devel       ncurses
build     header:histedit.h            libedit-dev      libedit-devel       libedit
build     header:libdwarf.h            libdwarf-dev     libdwarf-devel      libdwarf
build     header:demangle.h            libiberty-dev    binutils-devel      binutils
demos     cmd:g++                      g++              gcc-c++             gcc
demos     cmd:clang                    clang            clang               clang
demos     cmd:rustc                    rustc            rust                rust
test      cmd:python3                  python3          python3             python
test      cmd:gdb                      gdb              gdb                 gdb
test      cmd:strip                    binutils         binutils            binutils
test      cmd:dwz                      dwz              dwz                 dwz
test      cmd:llvm-dwp                 llvm             llvm                llvm
test      cmd:ld.lld                   lld              lld                 lld
test      cmd:valgrind                 valgrind         valgrind            valgrind
test      cmd:musl-gcc                 musl-tools       musl-gcc            musl
test      lib:libjemalloc.so.2         libjemalloc2     jemalloc            jemalloc
test      cmd:csmith                   csmith           csmith              csmith
test      header:csmith.h              libcsmith-dev    csmith-devel        csmith
test      cmd:sqlite3                  sqlite3          sqlite              sqlite
test      cmd:tmux                     tmux             tmux                tmux
test      cmd:setarch                  util-linux       util-linux          util-linux
test      cmd:ps                       procps           procps-ng           procps
lint      cmd:clang-format             clang-format     clang-tools-extra   clang
lint      cmd:cppcheck                 cppcheck         cppcheck            cppcheck
lint      cmd:shellcheck               shellcheck       ShellCheck          shellcheck
'

# A Rust installed by rustup is used where there is one.
if ! command -v rustc >/dev/null && [ -x "$HOME/.cargo/bin/rustc" ]; then
	PATH=$PATH:$HOME/.cargo/bin
fi

# One compilation per header is slow; where distributions put them is known.
setup_has_header() {
	local dir
	for dir in /usr/include /usr/include/*-linux-gnu /usr/include/libdwarf* \
		/usr/include/libiberty /usr/include/libcsmith /usr/include/csmith* \
		/usr/local/include; do
		[ -e "$dir/$1" ] && return 0
	done
	return 1
}

setup_has() {
	case $1 in
	cmd:*) command -v "${1#cmd:}" >/dev/null ;;
	header:*) setup_has_header "${1#header:}" ;;
	lib:*) PATH=$PATH:/sbin:/usr/sbin ldconfig -p | grep -q "${1#lib:} " ;;
	esac
}

# setup_missing COLUMN GROUP…: the packages (2 Debian, 3 dnf, 4 pacman) that are missing.
setup_missing() {
	local column=$1 group probe names
	shift
	while read -r group probe names; do
		[[ " $* " == *" $group "* ]] || continue
		setup_has "$probe" || awk -v n=$((column - 1)) '{ print $n }' <<<"$names"
	done <<<"$setup_table" | sort -u | tr '\n' ' ' | sed 's/ $//'
}

setup_as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		su -c "$(printf '%q ' "$@")"
	fi
}

setup_apt() {
	local get=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends)
	# The lists of packages may be absent (fresh images) or name files that are gone.
	setup_as_root "${get[@]}" install "$@" ||
		{ setup_as_root "${get[@]}" update && setup_as_root "${get[@]}" install "$@"; }
}

setup() {
	local missing log
	if [ "$(uname -sm)" != "Linux x86_64" ]; then
		echo "frametrace runs on Linux x86-64; this is $(uname -sm)." >&2
		return 1
	fi
	missing=$(setup_missing 2 "$@")
	[ -n "$missing" ] || return 0
	if ! command -v apt-get >/dev/null; then
		echo "Missing; please install:" >&2
		if command -v pacman >/dev/null; then
			echo "  pacman -S $(setup_missing 4 "$@")" >&2
		else
			echo "  dnf install $(setup_missing 3 "$@")" >&2
		fi
		return 1
	fi
	echo "Installing: $missing"
	log=$(mktemp)
	# shellcheck disable=SC2086 # one word per package
	if ! setup_apt $missing >"$log" 2>&1; then
		cat "$log" >&2
		rm -f "$log"
		echo "Could not install: $missing" >&2
		return 1
	fi
	rm -f "$log"
	hash -r
	missing=$(setup_missing 2 "$@")
	[ -z "$missing" ] || {
		echo "Still missing after installation: $missing" >&2
		return 1
	}
}
