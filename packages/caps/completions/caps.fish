# fish completion for caps, made from packages/caps/src/options.ts by 'npm run docs'; changes here are lost.
# Which verb stands first ('' for none), as long as no -- has come.
function __srcon_caps_verb
    set -l words (commandline -opc)
    contains -- -- $words[2..-1]; and return 1
    set -l verb ''
    set -q words[2]; and contains -- $words[2] 'show' 'tree' 'decode' 'explain' 'supports' 'test' 'files' 'set-file' 'verify-file' 'remove-file' 'why'; and set verb $words[2]
    test "$verb" = "$argv[1]"
end
function __srcon_caps_first
    test (count (commandline -opc)) -eq 1
end
# Everything after the first -- belongs to the command.
function __srcon_caps_command
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words); or return
    set -l before (string escape -- $words[(math $at + 1)..-1])
    complete --do-complete=(string join ' ' -- $before (commandline -ct))
end
function __srcon_caps_dashes
    contains -- -- (commandline -opc)
end
complete -c caps -f
complete -c caps -n '__srcon_caps_dashes' -a '(__srcon_caps_command)'
complete -c caps -n '__srcon_caps_verb \'\'' -l drop -s d -r -d 'drop these from every set, or from SETS; all, names, or the presets srcontainer and host-root'
complete -c caps -n '__srcon_caps_verb \'\'' -l keep -s k -r -d 'drop all but these; all, none, names, or the presets docker, podman, net-bind, net-admin, install'
complete -c caps -n '__srcon_caps_verb \'\'' -l add -r -d 'add these to SETS: i:net_raw, a:kill; without SETS to bounding, permitted and effective'
complete -c caps -n '__srcon_caps_verb \'\'' -l caps -r -d 'the thread\'s sets by a text as getpcaps prints it: cap_net_raw,cap_chown=ep, all=p cap_sys_admin-e'
complete -c caps -n '__srcon_caps_verb \'\'' -l iab -r -d 'inheritable, ambient and bounding by a text: !%cap_chown,^cap_setpcap'
complete -c caps -n '__srcon_caps_verb \'\'' -l ambient -s a -r -d 'make these ambient: a program run as an ordinary user has them (makes them inheritable)'
complete -c caps -n '__srcon_caps_verb \'\'' -l keep-caps -d 'all that is kept becomes ambient, so that a program run as an ordinary user has it (as --ambient all)'
complete -c caps -n '__srcon_caps_verb \'\'' -l securebits -r -d 'set these, or clear those with - before: noroot, noroot-locked, no-setuid-fixup, keep-caps, no-cap-ambient-raise, …'
complete -c caps -n '__srcon_caps_verb \'\'' -l pdeathsig -r -d 'what the command gets when its parent ends; clear: nothing, keep: as it was'
complete -c caps -n '__srcon_caps_verb \'\'' -l no-new-privs -d 'setuid bits and file capabilities give nothing any more; cannot be undone'
complete -c caps -n '__srcon_caps_verb \'\'' -l user -x -a '(__fish_complete_users)' -d 'become this user and group, by name or number (implies --clear-groups)'
complete -c caps -n '__srcon_caps_verb \'\'' -l groups -r -d 'exactly these supplementary groups, by name or number'
complete -c caps -n '__srcon_caps_verb \'\'' -l init-groups -d 'the supplementary groups that /etc/group of that root gives the user'
complete -c caps -n '__srcon_caps_verb \'\'' -l clear-groups -d 'no supplementary groups'
complete -c caps -n '__srcon_caps_verb \'\'' -l keep-groups -d 'leave supplementary groups as they are'
complete -c caps -n '__srcon_caps_verb \'\'' -l plan -d 'print the steps as JSON, do nothing'
complete -c caps -n '__srcon_caps_verb \'\'' -l dry-run -d 'print each step as system calls and as the classic command, do nothing'
complete -c caps -n '__srcon_caps_verb \'\'' -l new -s n -d 'as a filter: start a new config, read nothing'
complete -c caps -n '__srcon_caps_verb \'\'' -l config -x -a '(__fish_complete_path (commandline -ct))' -d 'as a filter: read the config from FILE, - is stdin'
complete -c caps -n '__srcon_caps_verb \'\'' -l json -d 'print JSON, errors too'
complete -c caps -n '__srcon_caps_verb \'\'' -l help -s h -d 'show this help'
complete -c caps -n '__srcon_caps_verb \'\'' -l version -s V -d 'show the version'
complete -c caps -n '__srcon_caps_verb \'show\'' -l threads -d 'also the threads that have other privileges than their process'
complete -c caps -n '__srcon_caps_verb \'show\'' -l json -d 'print JSON, errors too'
complete -c caps -n '__srcon_caps_verb \'show\'' -l help -s h -d 'show this help'
complete -c caps -n '__srcon_caps_verb \'show\'' -a '(__fish_complete_pids)' -d 'a process id, or self'
complete -c caps -n '__srcon_caps_first' -a show -d 'Capability sets, ids, no_new_privs and user namespace of processes'
complete -c caps -n '__srcon_caps_verb \'tree\'' -l all -d 'also processes without any capability, which are only counted otherwise'
complete -c caps -n '__srcon_caps_verb \'tree\'' -l depth -r -d 'not deeper than this'
complete -c caps -n '__srcon_caps_verb \'tree\'' -l json -d 'print JSON, errors too'
complete -c caps -n '__srcon_caps_verb \'tree\'' -l help -s h -d 'show this help'
complete -c caps -n '__srcon_caps_verb \'tree\'' -a '(__fish_complete_pids)' -d 'where it begins; default: everything that is seen'
complete -c caps -n '__srcon_caps_first' -a tree -d 'Processes below one another with their capabilities'
complete -c caps -n '__srcon_caps_verb \'decode\'' -l json -d 'print JSON, errors too'
complete -c caps -n '__srcon_caps_verb \'decode\'' -l help -s h -d 'show this help'
complete -c caps -n '__srcon_caps_first' -a decode -d 'A text of capabilities in the other forms: digits, names, cap_text_formats(7)'
complete -c caps -n '__srcon_caps_verb \'explain\'' -l json -d 'print JSON, errors too'
complete -c caps -n '__srcon_caps_verb \'explain\'' -l help -s h -d 'show this help'
complete -c caps -n '__srcon_caps_first' -a explain -d 'What capabilities allow, since when, in which calls, and what that risks'
complete -c caps -n '__srcon_caps_verb \'supports\'' -l json -d 'print JSON, errors too'
complete -c caps -n '__srcon_caps_verb \'supports\'' -l help -s h -d 'show this help'
complete -c caps -n '__srcon_caps_first' -a supports -d 'Whether this kernel knows a capability or a feature: exit code 0 or 1'
complete -c caps -n '__srcon_caps_verb \'test\'' -l has -r -d 'it has these in each of the sets; letters of e p i b a, or their names; effective where none is given'
complete -c caps -n '__srcon_caps_verb \'test\'' -l has-no-new-privs -d 'no_new_privs is set'
complete -c caps -n '__srcon_caps_verb \'test\'' -l uid -r -d 'its effective user is this one'
complete -c caps -n '__srcon_caps_verb \'test\'' -l gid -r -d 'its effective group is this one'
complete -c caps -n '__srcon_caps_verb \'test\'' -l group -r -d 'it is in this group'
complete -c caps -n '__srcon_caps_verb \'test\'' -l securebits -r -d 'these securebits are set, or none; only of the process itself'
complete -c caps -n '__srcon_caps_verb \'test\'' -l json -d 'print JSON, errors too'
complete -c caps -n '__srcon_caps_verb \'test\'' -l help -s h -d 'show this help'
complete -c caps -n '__srcon_caps_verb \'test\'' -a '(__fish_complete_pids)' -d 'a process id, or self (default)'
complete -c caps -n '__srcon_caps_first' -a test -d 'Whether a process has what is asked: exit code 0 or 1, silent'
complete -c caps -n '__srcon_caps_verb \'files\'' -l recursive -s r -d 'also in directories below; links are never followed'
complete -c caps -n '__srcon_caps_verb \'files\'' -l one-file-system -s x -d 'not into other file systems'
complete -c caps -n '__srcon_caps_verb \'files\'' -l json -d 'print JSON, errors too'
complete -c caps -n '__srcon_caps_verb \'files\'' -l help -s h -d 'show this help'
complete -c caps -n '__srcon_caps_verb \'files\'' -a '(__fish_complete_path (commandline -ct))' -d 'a file, or a directory: its own files'
complete -c caps -n '__srcon_caps_first' -a files -d 'Files that carry capabilities'
complete -c caps -n '__srcon_caps_verb \'set-file\'' -l root-id -r -d 'they count only in user namespaces whose root this user is, as seen from here'
complete -c caps -n '__srcon_caps_verb \'set-file\'' -l json -d 'print JSON, errors too'
complete -c caps -n '__srcon_caps_verb \'set-file\'' -l help -s h -d 'show this help'
complete -c caps -n '__srcon_caps_verb \'set-file\'' -a '(__fish_complete_path (commandline -ct))' -d 'a regular file; a link is not followed'
complete -c caps -n '__srcon_caps_first' -a set-file -d 'Gives files capabilities'
complete -c caps -n '__srcon_caps_verb \'verify-file\'' -l root-id -r -d 'they count only in user namespaces whose root this user is, as seen from here'
complete -c caps -n '__srcon_caps_verb \'verify-file\'' -l json -d 'print JSON, errors too'
complete -c caps -n '__srcon_caps_verb \'verify-file\'' -l help -s h -d 'show this help'
complete -c caps -n '__srcon_caps_verb \'verify-file\'' -a '(__fish_complete_path (commandline -ct))' -d 'a regular file'
complete -c caps -n '__srcon_caps_first' -a verify-file -d 'Whether files have exactly these capabilities: exit code 0 or 1'
complete -c caps -n '__srcon_caps_verb \'remove-file\'' -l json -d 'print JSON, errors too'
complete -c caps -n '__srcon_caps_verb \'remove-file\'' -l help -s h -d 'show this help'
complete -c caps -n '__srcon_caps_verb \'remove-file\'' -a '(__fish_complete_path (commandline -ct))' -d 'a regular file'
complete -c caps -n '__srcon_caps_first' -a remove-file -d 'Takes the capabilities of files away, an empty attribute too'
complete -c caps -n '__srcon_caps_verb \'why\'' -l output -s o -x -a '(__fish_complete_path (commandline -ct))' -d 'write the report to FILE as JSON, instead of stderr'
complete -c caps -n '__srcon_caps_verb \'why\'' -l method -x -a 'auto trace calls' -d 'how it finds out'
complete -c caps -n '__srcon_caps_verb \'why\'' -l plan -d 'print the steps as JSON, do nothing'
complete -c caps -n '__srcon_caps_verb \'why\'' -l dry-run -d 'print each step as system calls and as the classic command, do nothing'
complete -c caps -n '__srcon_caps_verb \'why\'' -l json -d 'print JSON, errors too'
complete -c caps -n '__srcon_caps_verb \'why\'' -l help -s h -d 'show this help'
complete -c caps -n '__srcon_caps_first' -a why -d 'Run a command; say which capabilities it used or was refused, and the fewest to keep'
