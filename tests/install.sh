#!/bin/bash
# install - make install puts everything in its place under DESTDIR; uninstall leaves no file.
# test: up to 60 s
set -u
cd "$SOURCE" || exit 99
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0

ok() { # NAME COMMAND...
	n=$((n + 1))
	if "${@:2}"; then echo "ok $n - $1"; else echo "not ok $n - $1"; fi
}

ok 'make install' make -s O="$BUILD" DESTDIR="$dir" PREFIX=/opt/ft install
version=$("$dir/opt/ft/bin/frametrace" --version)
ok 'the installed program runs' [ "${version%% *}" = frametrace ]
share=$dir/opt/ft/share
for file in man/man1/frametrace.1 bash-completion/completions/frametrace \
	zsh/site-functions/_frametrace fish/vendor_completions.d/frametrace.fish \
	doc/frametrace/README.md doc/frametrace/events.md; do
	ok "share/$file" test -s "$share/$file"
done
ok 'make uninstall' make -s O="$BUILD" DESTDIR="$dir" PREFIX=/opt/ft uninstall
left=$(find "$dir" -type f)
echo "${left:+# left: $left}"
ok 'make uninstall leaves no file' [ -z "$left" ]

# Completion for bash, as the shell would ask for it.
complete_words() {
	bash -c '. scripts/completion/frametrace.bash; compopt() { :; }; COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1)); _frametrace; echo "${COMPREPLY[@]}"' - "$@"
}
ok 'bash completes an option' [ "$(complete_words frametrace --no-a)" = --no-aslr ]
ok 'bash completes a format' [ "$(complete_words frametrace -v --format = js)" = json ]
ok 'bash completes programs, not words of the shell' \
	[ "$(complete_words frametrace unti; complete_words frametrace uniq)" = "
uniq" ]
ok 'bash completes no program behind replay' [ -z "$(complete_words frametrace replay uniq)" ]
ok "bash leaves the program's options alone" [ -z "$(complete_words frametrace -v ls --)" ]
for shell in zsh fish; do
	if command -v $shell >/dev/null; then
		ok "$shell parses its completion" $shell -n "scripts/completion/frametrace.$shell"
	fi
done
echo "1..$n"
