# frametrace(1): completion for fish. Installed as share/fish/vendor_completions.d/frametrace.fish.

complete -c frametrace -x -a '(__fish_complete_subcommand)'
complete -c frametrace -n __fish_use_subcommand -a list -d 'List what would be traced'
complete -c frametrace -n __fish_use_subcommand -a frames -d 'Who owns each byte of each frame'
complete -c frametrace -n __fish_use_subcommand -a maps -d 'The address space of a process or program'
complete -c frametrace -n __fish_use_subcommand -a where -d 'What an address of a process is'
complete -c frametrace -n __fish_use_subcommand -a report -d 'Calls and stack use by function'
complete -c frametrace -s f -l function -x -d 'Only functions that match a glob or /REGEX/'
complete -c frametrace -s s -l source -r -d 'Only functions from source files that match'
complete -c frametrace -s l -l lib -x -d "Also a library's functions"
complete -c frametrace -s a -l all -d "Also what compiler, C library and Rust's std added"
complete -c frametrace -s d -l depth -x -d 'No frames deeper than N levels'
complete -c frametrace -s v -l verbose -d 'Arithmetic of each delta, types, last values'
complete -c frametrace -l max-depth -x -d 'Levels of nesting shown of a value'
complete -c frametrace -l max-string -x -d 'Bytes shown of a text'
complete -c frametrace -l max-array -x -d 'Elements shown of an array or list'
complete -c frametrace -l events -x -a 'call insn line insn,line' -d 'Single-step: instructions, source lines'
complete -c frametrace -l sort -x -a 'calls frame self total depth recursion name' -d 'Order of report'
complete -c frametrace -s k -l stack -d 'The whole stack at each push'
complete -c frametrace -s i -l inlines -d 'Inlined calls too, where they begin'
complete -c frametrace -s F -l format -x -a 'text json' -d 'Format of the trace'
complete -c frametrace -s o -l output -r -d 'The trace into a file instead of stderr'
complete -c frametrace -s c -l color -x -a 'auto always never' -d 'Colours'
complete -c frametrace -s q -l quiet -d 'Frames only: no heading, notes, summary'
complete -c frametrace -s R -l no-aslr -d 'The same addresses in every run'
complete -c frametrace -s P -l pin -d 'Tracer and program on one CPU'
complete -c frametrace -l no-heap -d 'Nothing of the heap'
complete -c frametrace -l frames -d "A map of each frame, byte by byte"
complete -c frametrace -l map -d 'The address space at start and exit'
complete -c frametrace -l verify -d "Compare each stack with libunwind's walk"
complete -c frametrace -l debug -x -a all -d 'Log for developers'
complete -c frametrace -s h -l help -d 'How to use it'
complete -c frametrace -s V -l version -d 'Its version'
