# fish completion for ns-unshare, made from packages/ns-unshare/src/options.ts by 'npm run docs'; changes here are lost.
# Which verb stands first ('' for none), as long as no -- has come.
function __srcon_ns_unshare_verb
    set -l words (commandline -opc)
    contains -- -- $words[2..-1]; and return 1
    set -l verb ''
    set -q words[2]; and contains -- $words[2] 'list' 'show'; and set verb $words[2]
    test "$verb" = "$argv[1]"
end
function __srcon_ns_unshare_first
    test (count (commandline -opc)) -eq 1
end
# Everything after the first -- belongs to the command.
function __srcon_ns_unshare_command
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words); or return
    set -l before (string escape -- $words[(math $at + 1)..-1])
    complete --do-complete=(string join ' ' -- $before (commandline -ct))
end
function __srcon_ns_unshare_dashes
    contains -- -- (commandline -opc)
end
complete -c ns-unshare -f
complete -c ns-unshare -n '__srcon_ns_unshare_dashes' -a '(__srcon_ns_unshare_command)'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l user -s U -a '(__fish_complete_path (commandline -ct))' -d 'new user namespace'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l pid -s p -a '(__fish_complete_path (commandline -ct))' -d 'new pid namespace; the command runs below an init (see --no-init)'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l mount -s m -a '(__fish_complete_path (commandline -ct))' -d 'new mount namespace'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l uts -s u -a '(__fish_complete_path (commandline -ct))' -d 'new UTS namespace: host name'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l ipc -s i -a '(__fish_complete_path (commandline -ct))' -d 'new IPC namespace'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l net -s n -a '(__fish_complete_path (commandline -ct))' -d 'new network namespace; its loopback interface is down'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l cgroup -s C -a '(__fish_complete_path (commandline -ct))' -d 'new cgroup namespace: the current group is its root'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l time -s T -a '(__fish_complete_path (commandline -ct))' -d 'new time namespace'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l map-root-user -s r -d 'map the caller to root (implies --user)'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l map-current-user -s c -d 'map the caller to the same ids (implies --user)'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l map-users -r -d 'map users INNER:OUTER:COUNT, or auto (implies --user)'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l map-groups -r -d 'map groups INNER:OUTER:COUNT, or auto (implies --user)'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l setgroups -x -a 'allow deny' -d 'whether setgroups(2) works inside (implies --user)'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l hostname -r -d 'set the host name (implies --uts)'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l mount-proc -d 'mount a new proc on /proc (implies --mount)'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l propagation -x -a 'private slave shared unchanged' -d 'propagation of all mounts, private by default (implies --mount)'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l monotonic -r -d 'move CLOCK_MONOTONIC (implies --time)'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l boottime -r -d 'move CLOCK_BOOTTIME (implies --time)'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l loopback -d 'bring the loopback interface up (implies --net)'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l init -d 'with --pid: pid 1 is an init that reaps and passes signals on; the default'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l no-init -d 'with --pid: the command itself is pid 1, and ignores signals that it has no handler for'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l fork -s f -d 'does nothing, for users of unshare(1): --pid always forks'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l kill-child -d 'does nothing, for users of unshare(1): the command never outlives the tool'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l plan -d 'print the steps as JSON, do nothing'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l dry-run -d 'print each step as system calls and as the classic command, do nothing'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l new -d 'as a filter: start a new config, read nothing'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l config -x -a '(__fish_complete_path (commandline -ct))' -d 'as a filter: read the config from FILE, - is stdin'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l json -d 'print JSON, errors too'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l help -s h -d 'show this help'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'\'' -l version -s V -d 'show the version'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'list\'' -l type -s t -x -a 'user pid mnt uts ipc net cgroup time' -d 'only of this type'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'list\'' -l pid -s p -x -a '(__fish_complete_pids)' -d 'only those of this process'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'list\'' -l json -d 'print JSON, errors too'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'list\'' -l help -s h -d 'show this help'
complete -c ns-unshare -n '__srcon_ns_unshare_first' -a list -d 'All namespaces that the processes seen in /proc are in'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'show\'' -l json -d 'print JSON, errors too'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'show\'' -l help -s h -d 'show this help'
complete -c ns-unshare -n '__srcon_ns_unshare_verb \'show\'' -a '(__fish_complete_pids)' -d 'a process id, or self'
complete -c ns-unshare -n '__srcon_ns_unshare_first' -a show -d 'Namespaces and id maps of a process'
