# fish completion for seccomp-filter, made from packages/seccomp-filter/src/options.ts by 'npm run docs'; changes here are lost.
# Which verb stands first ('' for none), as long as no -- has come.
function __srcon_seccomp_filter_verb
    set -l words (commandline -opc)
    contains -- -- $words[2..-1]; and return 1
    set -l verb ''
    set -q words[2]; and contains -- $words[2] 'show' 'check' 'explain' 'diff' 'minimise' 'lint' 'export' 'simulate'; and set verb $words[2]
    test "$verb" = "$argv[1]"
end
function __srcon_seccomp_filter_first
    test (count (commandline -opc)) -eq 1
end
# Everything after the first -- belongs to the command.
function __srcon_seccomp_filter_command
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words); or return
    set -l before (string escape -- $words[(math $at + 1)..-1])
    complete --do-complete=(string join ' ' -- $before (commandline -ct))
end
function __srcon_seccomp_filter_dashes
    contains -- -- (commandline -opc)
end
complete -c seccomp-filter -f
complete -c seccomp-filter -n '__srcon_seccomp_filter_dashes' -a '(__srcon_seccomp_filter_command)'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'\'' -l profile -s p -x -a '(__fish_complete_path (commandline -ct))' -d 'default, srcontainer, none, or a profile in OCI or Docker form'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'\'' -l log -d 'log each refused call, as far as kernel.seccomp.actions_logged says'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'\'' -l no-no-new-privs -d 'do not set no_new_privs first; needs CAP_SYS_ADMIN at this place of the chain'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'\'' -l caps -r -d 'capabilities of the command, for Docker profiles that ask: CAP_SYS_ADMIN,…'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'\'' -l widths -x -a 'kernel register' -d 'compare what the kernel reads of an argument (default), or whole registers'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'\'' -l plan -d 'print the steps as JSON, do nothing'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'\'' -l dry-run -d 'print each step as system calls and as the classic command, do nothing'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'\'' -l new -s n -d 'as a filter: start a new config, read nothing'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'\'' -l config -x -a '(__fish_complete_path (commandline -ct))' -d 'as a filter: read the config from FILE, - is stdin'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'\'' -l json -d 'print JSON, errors too'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'\'' -l help -s h -d 'show this help'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'\'' -l version -s V -d 'show the version'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'show\'' -l raw -x -a '(__fish_complete_path (commandline -ct))' -d 'write a filter to FILE, which must not exist yet, as an array of struct sock_filter'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'show\'' -l disassemble -d 'the filters as listings instead of policies'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'show\'' -l filter -r -d 'only this filter; 0 was loaded first'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'show\'' -l json -d 'print JSON, errors too'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'show\'' -l help -s h -d 'show this help'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'show\'' -a '(__fish_complete_pids)' -d 'a process id, or self'
complete -c seccomp-filter -n '__srcon_seccomp_filter_first' -a show -d 'Seccomp mode of a process, its filters, and what they say where ptrace allows to read them'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'check\'' -l arch -x -a 'x86_64 x86 x32 aarch64 arm riscv64 s390x ppc64le loongarch64' -d 'look as on another machine'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'check\'' -l caps -r -d 'capabilities of the command, for Docker profiles that ask'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'check\'' -l widths -x -a 'kernel register' -d 'compare what the kernel reads of an argument (default), or whole registers'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'check\'' -l json -d 'print JSON, errors too'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'check\'' -l help -s h -d 'show this help'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'check\'' -a '(__fish_complete_path (commandline -ct))' -d 'a name or a file, as for --profile'
complete -c seccomp-filter -n '__srcon_seccomp_filter_first' -a check -d 'Compile a policy, load nothing; say what it comes to'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'explain\'' -l arch -x -a 'x86_64 x86 x32 aarch64 arm riscv64 s390x ppc64le loongarch64' -d 'the way into the kernel that the call takes; without it this machine\'s own'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'explain\'' -l caps -r -d 'capabilities of the command, for Docker profiles that ask'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'explain\'' -l widths -x -a 'kernel register' -d 'compare what the kernel reads of an argument (default), or whole registers'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'explain\'' -l json -d 'print JSON, errors too'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'explain\'' -l help -s h -d 'show this help'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'explain\'' -a '(__fish_complete_path (commandline -ct))' -d 'a name or a file, as for --profile; a file that ends in .bpf is a raw filter'
complete -c seccomp-filter -n '__srcon_seccomp_filter_first' -a explain -d 'What a policy answers to a call: the line that decides and the way through the program'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'diff\'' -l arch -x -a 'x86_64 x86 x32 aarch64 arm riscv64 s390x ppc64le loongarch64' -d 'compare for this machine, and only this way into the kernel'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'diff\'' -l caps -r -d 'capabilities of the command, for Docker profiles that ask'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'diff\'' -l widths -x -a 'kernel register' -d 'compare what the kernel reads of an argument (default), or whole registers'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'diff\'' -l json -d 'print JSON, errors too'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'diff\'' -l help -s h -d 'show this help'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'diff\'' -a '(__fish_complete_path (commandline -ct))' -d 'a name or a file, as for --profile; a file that ends in .bpf is a raw filter'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'diff\'' -a '(__fish_complete_path (commandline -ct))' -d 'a name or a file, as for --profile; a file that ends in .bpf is a raw filter'
complete -c seccomp-filter -n '__srcon_seccomp_filter_first' -a diff -d 'Compare two policies by meaning; each difference with a call that shows it. Ends with 1 if they differ'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'minimise\'' -l arch -x -a 'x86_64 x86 x32 aarch64 arm riscv64 s390x ppc64le loongarch64' -d 'look as on another machine'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'minimise\'' -l caps -r -d 'capabilities of the command, for Docker profiles that ask'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'minimise\'' -l widths -x -a 'kernel register' -d 'compare what the kernel reads of an argument (default), or whole registers'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'minimise\'' -l json -d 'print JSON, errors too'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'minimise\'' -l help -s h -d 'show this help'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'minimise\'' -a '(__fish_complete_path (commandline -ct))' -d 'a name or a file, as for --profile; a file that ends in .bpf is a raw filter'
complete -c seccomp-filter -n '__srcon_seccomp_filter_first' -a minimise -d 'The shortest policy of the same meaning, proved equal, in the terse form'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'lint\'' -l arch -x -a 'x86_64 x86 x32 aarch64 arm riscv64 s390x ppc64le loongarch64' -d 'look as on another machine'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'lint\'' -l caps -r -d 'capabilities of the command, for Docker profiles that ask'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'lint\'' -l widths -x -a 'kernel register' -d 'compare what the kernel reads of an argument (default), or whole registers'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'lint\'' -l json -d 'print JSON, errors too'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'lint\'' -l help -s h -d 'show this help'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'lint\'' -a '(__fish_complete_path (commandline -ct))' -d 'a name or a file, as for --profile; a file that ends in .bpf is a raw filter'
complete -c seccomp-filter -n '__srcon_seccomp_filter_first' -a lint -d 'Find what works otherwise than its author may think. Ends with 1 if something is an error'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'export\'' -l raw -d 'the array of struct sock_filter, as bwrap --seccomp and setpriv --seccomp-filter take it'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'export\'' -l c -d 'a C array'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'export\'' -l disassemble -d 'a listing: operations, where jumps lead, what is compared, lines of the policy'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'export\'' -l oci -d 'a linux.seccomp object, as every OCI runtime takes it'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'export\'' -l terse -d 'the terse form; of a raw filter its decompilation'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'export\'' -l arch -x -a 'x86_64 x86 x32 aarch64 arm riscv64 s390x ppc64le loongarch64' -d 'look as on another machine'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'export\'' -l caps -r -d 'capabilities of the command, for Docker profiles that ask'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'export\'' -l widths -x -a 'kernel register' -d 'compare what the kernel reads of an argument (default), or whole registers'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'export\'' -l json -d 'print JSON, errors too'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'export\'' -l help -s h -d 'show this help'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'export\'' -a '(__fish_complete_path (commandline -ct))' -d 'a name or a file, as for --profile; a file that ends in .bpf is a raw filter'
complete -c seccomp-filter -n '__srcon_seccomp_filter_first' -a export -d 'The filter or the policy in another form, on stdout'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'simulate\'' -l arch -x -a 'x86_64 x86 x32 aarch64 arm riscv64 s390x ppc64le loongarch64' -d 'the way into the kernel that the call takes; without it this machine\'s own'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'simulate\'' -l calls -x -a '(__fish_complete_path (commandline -ct))' -d 'many calls, one a line; - is stdin'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'simulate\'' -l trace -d 'each instruction that is executed'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'simulate\'' -l caps -r -d 'capabilities of the command, for Docker profiles that ask'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'simulate\'' -l widths -x -a 'kernel register' -d 'compare what the kernel reads of an argument (default), or whole registers'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'simulate\'' -l json -d 'print JSON, errors too'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'simulate\'' -l help -s h -d 'show this help'
complete -c seccomp-filter -n '__srcon_seccomp_filter_verb \'simulate\'' -a '(__fish_complete_path (commandline -ct))' -d 'a name or a file, as for --profile; a file that ends in .bpf is a raw filter'
complete -c seccomp-filter -n '__srcon_seccomp_filter_first' -a simulate -d 'What a policy says of a call, by two implementations that are not the compiler'
