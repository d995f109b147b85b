# fish completion for cgroup-ctl, made from packages/cgroup-ctl/src/options.ts by 'npm run docs'; changes here are lost.
# Which verb stands first ('' for none), as long as no -- has come.
function __srcon_cgroup_ctl_verb
    set -l words (commandline -opc)
    contains -- -- $words[2..-1]; and return 1
    set -l verb ''
    set -q words[2]; and contains -- $words[2] 'show'; and set verb $words[2]
    test "$verb" = "$argv[1]"
end
function __srcon_cgroup_ctl_first
    test (count (commandline -opc)) -eq 1
end
# Everything after the first -- belongs to the command.
function __srcon_cgroup_ctl_command
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words); or return
    set -l before (string escape -- $words[(math $at + 1)..-1])
    complete --do-complete=(string join ' ' -- $before (commandline -ct))
end
function __srcon_cgroup_ctl_dashes
    contains -- -- (commandline -opc)
end
complete -c cgroup-ctl -f
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_dashes' -a '(__srcon_cgroup_ctl_command)'
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_verb \'\'' -l memory -s m -r -d 'memory limit: 64M, 1G, bytes, or max (implies --swap 0)'
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_verb \'\'' -l swap -r -d 'swap beside the memory, or max'
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_verb \'\'' -l cpus -r -d 'CPU time per time, 0.2 is a fifth of one CPU'
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_verb \'\'' -l cpu-weight -r -d 'share of a contended CPU, 1 to 10000; others have 100'
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_verb \'\'' -l cpuset -r -d 'CPUs that may be used: 0-2,5'
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_verb \'\'' -l pids -r -d 'most processes and threads, or max'
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_verb \'\'' -l plan -d 'print the steps as JSON, do nothing'
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_verb \'\'' -l dry-run -d 'print each step as system calls and as the classic command, do nothing'
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_verb \'\'' -l new -s n -d 'as a filter: start a new config, read nothing'
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_verb \'\'' -l config -x -a '(__fish_complete_path (commandline -ct))' -d 'as a filter: read the config from FILE, - is stdin'
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_verb \'\'' -l json -d 'print JSON, errors too'
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_verb \'\'' -l help -s h -d 'show this help'
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_verb \'\'' -l version -s V -d 'show the version'
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_verb \'show\'' -l json -d 'print JSON, errors too'
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_verb \'show\'' -l help -s h -d 'show this help'
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_verb \'show\'' -a '(__fish_complete_pids)' -d 'a process id, or self'
complete -c cgroup-ctl -n '__srcon_cgroup_ctl_first' -a show -d 'Groups, limits, use and counters of a process'
