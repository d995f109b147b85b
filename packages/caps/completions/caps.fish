# fish completion for caps, made from packages/caps/src/options.ts by 'npm run docs'; changes here are lost.
# Which verb stands first ('' for none), as long as no -- has come.
function __srcon_caps_verb
    set -l words (commandline -opc)
    contains -- -- $words[2..-1]; and return 1
    set -l verb ''
    set -q words[2]; and contains -- $words[2] 'show' 'decode'; and set verb $words[2]
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
complete -c caps -n '__srcon_caps_verb \'\'' -l drop -s d -r -d 'drop these from every set; all, names, or the preset srcontainer'
complete -c caps -n '__srcon_caps_verb \'\'' -l keep -s k -r -d 'drop all but these; all, none, names, or the preset docker'
complete -c caps -n '__srcon_caps_verb \'\'' -l ambient -s a -r -d 'make these ambient: a program run as an ordinary user has them (makes them inheritable)'
complete -c caps -n '__srcon_caps_verb \'\'' -l no-new-privs -d 'setuid bits and file capabilities give nothing any more; cannot be undone'
complete -c caps -n '__srcon_caps_verb \'\'' -l user -x -a '(__fish_complete_users)' -d 'become this user and group, by number; GID is UID where it is left out (implies --clear-groups)'
complete -c caps -n '__srcon_caps_verb \'\'' -l groups -r -d 'exactly these supplementary groups, by number'
complete -c caps -n '__srcon_caps_verb \'\'' -l clear-groups -d 'no supplementary groups'
complete -c caps -n '__srcon_caps_verb \'\'' -l keep-groups -d 'leave supplementary groups as they are'
complete -c caps -n '__srcon_caps_verb \'\'' -l plan -d 'print the steps as JSON, do nothing'
complete -c caps -n '__srcon_caps_verb \'\'' -l dry-run -d 'print each step as system calls and as the classic command, do nothing'
complete -c caps -n '__srcon_caps_verb \'\'' -l new -s n -d 'as a filter: start a new config, read nothing'
complete -c caps -n '__srcon_caps_verb \'\'' -l config -x -a '(__fish_complete_path (commandline -ct))' -d 'as a filter: read the config from FILE, - is stdin'
complete -c caps -n '__srcon_caps_verb \'\'' -l json -d 'print JSON, errors too'
complete -c caps -n '__srcon_caps_verb \'\'' -l help -s h -d 'show this help'
complete -c caps -n '__srcon_caps_verb \'\'' -l version -s V -d 'show the version'
complete -c caps -n '__srcon_caps_verb \'show\'' -l json -d 'print JSON, errors too'
complete -c caps -n '__srcon_caps_verb \'show\'' -l help -s h -d 'show this help'
complete -c caps -n '__srcon_caps_verb \'show\'' -a '(__fish_complete_pids)' -d 'a process id, or self'
complete -c caps -n '__srcon_caps_first' -a show -d 'Capability sets, ids and no_new_privs of a process'
complete -c caps -n '__srcon_caps_verb \'decode\'' -l json -d 'print JSON, errors too'
complete -c caps -n '__srcon_caps_verb \'decode\'' -l help -s h -d 'show this help'
complete -c caps -n '__srcon_caps_first' -a decode -d 'A set as hexadecimal digits in names, or names as digits'
