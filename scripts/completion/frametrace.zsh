#compdef frametrace
# frametrace(1): completion for zsh. Installed as share/zsh/site-functions/_frametrace.

_arguments -s -S \
	'*'{-f,--function=}'[only functions that match a glob or /REGEX/; !PATTERN: not these]:pattern:' \
	'*'{-s,--source=}'[only functions from source files that match]:source file:_files' \
	'*'{-l,--lib=}"[also a library's functions]:library pattern:" \
	'(-a --all)'{-a,--all}"[also what the compiler, the C library and Rust's std added]" \
	'(-d --depth)'{-d,--depth=}'[no frames deeper than N levels]:levels:' \
	'*'{-v,--verbose}'[the arithmetic of each delta, types and last values]' \
	'--max-depth=[levels of nesting shown of a value]:levels:' \
	'--max-string=[bytes shown of a text]:bytes:' \
	'--max-array=[elements shown of an array or list]:elements:' \
	'(-k --stack)'{-k,--stack}'[the whole stack at each push]' \
	'(-i --inlines)'{-i,--inlines}'[inlined calls too, where they begin]' \
	'--events=[single-step]:events:(call insn line insn,line)' \
	'(-F --format)'{-F,--format=}'[format of the trace]:format:(text json explain)' \
	'(-o --output)'{-o,--output=}'[the trace into a file instead of stderr]:file:_files' \
	'(-c --color)'{-c,--color=}'[colours]:when:(auto always never)' \
	'(-q --quiet)'{-q,--quiet}'[frames only: no heading, no notes, no summary]' \
	'(-R --no-aslr)'{-R,--no-aslr}'[the same addresses in every run]' \
	'(-P --pin)'{-P,--pin}'[tracer and program on one CPU]' \
	'--sort=[order of report]:column:(calls frame self total depth recursion heap alive name)' \
	'--explain[each event in plain sentences]' \
	'--frames[a map of each frame, byte by byte]' \
	'--map=-[the address space at start and exit]::when:(every ends)' \
	'--no-heap[nothing of the heap]' \
	'--registers[what the registers hold at each event]' \
	'--max-events=[record: the last N events only]:events:' \
	'--max-size=[record: what fits only]:size:' \
	'--start-at=[record: begin when it is called]:function:' \
	'--stop-after=[record: end when it returns, or after N events]:function or number:' \
	'--on-error=[record: if the log cannot be written]:what:(continue kill)' \
	'*--env=[record: keep this environment variable too]:name:_parameters' \
	"--no-output[record: leave the program's output alone]" \
	'*'{-b,--break=}'[step: stop there]:FUNCTION, FILE\:LINE, \*ADDRESS:' \
	'*--watch=[step: stop when it has changed]:variable:' \
	'--plain[step: a prompt, line by line]' \
	'--script=[step: the commands of a file]:script:_files' \
	'--answers=[step: answers to what the script asks]:answers:_files' \
	"--stdin=[step: the program's input]:file:_files" \
	'--show=-[record: print the trace too]::file:_files' \
	'--from=[replay: from this event on]:number or function:' \
	'--to=[replay: up to this event]:number or function:' \
	'--at=[replay, maps, where: after this event]:number or function:' \
	'*--only=[replay: only such events]:kinds:(frames heap steps output push pop alloc free signal note map exit)' \
	'*--except=[replay: all but such events]:kinds:(frames heap steps output push pop alloc free signal note map exit)' \
	'--reverse[replay: the last event first]' \
	'--check[replay: whether the log is sound and whole]' \
	'--with-output[replay: what the program wrote too]' \
	"--verify[compare each stack with libunwind's walk]" \
	'--debug=[log for developers]:rooms:(all)' \
	'(- *)'{-h,--help}'[how to use it]' \
	'(- *)'{-V,--version}'[its version]' \
	'(-):program:_alternative "commands:command:(list frames maps where report record replay step)" "programs:program:_command_names -e"' \
	'*::arguments:_normal'
