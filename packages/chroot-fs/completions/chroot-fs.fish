# fish completion for chroot-fs, made from packages/chroot-fs/src/options.ts by 'npm run docs'; changes here are lost.
# Which verb stands first ('' for none), as long as no -- has come.
function __srcon_chroot_fs_verb
    set -l words (commandline -opc)
    contains -- -- $words[2..-1]; and return 1
    set -l verb ''
    set -q words[2]; and contains -- $words[2] 'show'; and set verb $words[2]
    test "$verb" = "$argv[1]"
end
function __srcon_chroot_fs_first
    test (count (commandline -opc)) -eq 1
end
# Everything after the first -- belongs to the command.
function __srcon_chroot_fs_command
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words); or return
    set -l before (string escape -- $words[(math $at + 1)..-1])
    complete --do-complete=(string join ' ' -- $before (commandline -ct))
end
function __srcon_chroot_fs_dashes
    contains -- -- (commandline -opc)
end
complete -c chroot-fs -f
complete -c chroot-fs -n '__srcon_chroot_fs_dashes' -a '(__srcon_chroot_fs_command)'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l proc -d 'mount a new proc on /proc'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l bind-proc -d 'show the present /proc instead, with the processes that it shows'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l sys -d 'mount a new read-only sysfs on /sys'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l dev -d 'a new /dev with null, zero, full, random, urandom, tty, pts and shm'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l cgroups -a 'ro rw' -d 'show the cgroup tree on /sys/fs/cgroup, read-only unless rw'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l bind -r -d 'show the file or directory SRC at DST'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l rbind -r -d 'the same with all that is mounted below SRC'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l tmpfs -r -d 'mount an empty tmpfs at DST'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l overlay -a '(__fish_complete_directories (commandline -ct))' -d 'never write the root itself: changes go to a tmpfs, or to DIR, which keeps them'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l read-only -d 'make the root read-only; mounts in it stay as they are'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l mask -r -d 'hide a file or a directory of the new root'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l default-masks -d 'hide and write-protect the parts of /proc and /sys that OCI runtimes do'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l chroot -d 'chroot(2) instead of pivot_root(2): no wall, root can leave it'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l workdir -s w -x -a '(__fish_complete_directories (commandline -ct))' -d 'the command\'s directory in the new root (otherwise /)'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l plan -d 'print the steps as JSON, do nothing'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l dry-run -d 'print each step as system calls and as the classic command, do nothing'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l new -s n -d 'as a filter: start a new config, read nothing'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l config -x -a '(__fish_complete_path (commandline -ct))' -d 'as a filter: read the config from FILE, - is stdin'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l json -d 'print JSON, errors too'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l help -s h -d 'show this help'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -l version -s V -d 'show the version'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'\'' -a '(__fish_complete_directories (commandline -ct))' -d 'the new root, a directory; without one the tree that is / now'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'show\'' -l json -d 'print JSON, errors too'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'show\'' -l help -s h -d 'show this help'
complete -c chroot-fs -n '__srcon_chroot_fs_verb \'show\'' -a '(__fish_complete_pids)' -d 'a process id, or self'
complete -c chroot-fs -n '__srcon_chroot_fs_first' -a show -d 'The mounts that a process sees'
