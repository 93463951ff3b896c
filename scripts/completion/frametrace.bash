# frametrace(1): completion for bash. Installed as share/bash-completion/completions/frametrace.
# shellcheck shell=bash disable=SC2207 # words without blanks

_frametrace() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} i word
	local options='--function= --source= --lib= --all --depth= --verbose --events= --stack --inlines --format=
		--max-depth= --max-string= --max-array= --output= --color= --quiet --no-aslr --pin
		--max-events= --max-size= --start-at= --stop-after= --on-error= --env= --no-output --show
		--break= --watch= --plain --script= --answers= --stdin=
		--from= --to= --at= --only= --except= --reverse --check --with-output
		--explain --frames --no-heap --registers --map --sort= --verify --help --version --debug='
	COMPREPLY=()

	# bash splits --format=json into three words.
	[ "$cur" = '=' ] && cur=''
	[ "$prev" = '=' ] && prev=${COMP_WORDS[COMP_CWORD - 2]}

	# Behind PROGRAM everything is the program's own business.
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		list | frames | maps | where | report | record | replay | step) [ $i -eq 1 ] && continue ;;
		--) i=$((i + 1)) ;;
		-f | -s | -l | -d | -F | -o | -c | -b) i=$((i + 1)) && continue ;;
		--*) [ "${COMP_WORDS[i + 1]:-}" = '=' ] && i=$((i + 2)) ;;& # its value
		-*) continue ;;
		esac
		if [ $i -lt "$COMP_CWORD" ]; then
			if declare -F _command_offset >/dev/null; then
				_command_offset $i
			else
				COMPREPLY=($(compgen -f -- "$cur"))
			fi
			return
		fi
	done

	case $prev in
	--on-error) COMPREPLY=($(compgen -W 'continue kill' -- "$cur")) ;;
	--only | --except) COMPREPLY=($(compgen -W 'frames heap steps output push pop alloc free signal note map exit' -- "$cur")) ;;
	--map) COMPREPLY=($(compgen -W 'every ends' -- "$cur")) ;;
	--events) COMPREPLY=($(compgen -W 'call insn line insn,line' -- "$cur")) ;;
	--sort) COMPREPLY=($(compgen -W 'calls frame self total depth recursion heap alive name' -- "$cur")) ;;
	-F | --format) COMPREPLY=($(compgen -W 'text json explain' -- "$cur")) ;;
	-c | --color) COMPREPLY=($(compgen -W 'auto always never' -- "$cur")) ;;
	-o | --output | -s | --source | --script | --answers | --stdin) COMPREPLY=($(compgen -f -- "$cur")) ;;
	-f | --function | -l | --lib | -d | --depth | --debug | -b | --break | --watch) ;;
	*)
		case $cur in
		-*)
			COMPREPLY=($(compgen -W "$options" -- "$cur"))
			[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
			;;
		*)
			COMPREPLY=($(compgen -f -- "$cur"))
			case ${COMP_WORDS[1]} in
			replay | where) ;; # they run nothing
			*) # programs: words of the shell itself cannot be traced
				COMPREPLY+=($(compgen -c -- "$cur" | sort -u |
					grep -vxF -f <(compgen -abk -A function)))
				;;
			esac
			[ "$COMP_CWORD" -eq 1 ] && COMPREPLY+=($(compgen -W "list frames maps where report record replay step" -- "$cur"))
			;;
		esac
		;;
	esac
}
complete -o filenames -o bashdefault -F _frametrace frametrace
