# fish completion for rootfs-fetch, made from packages/rootfs-fetch/src/options.ts by 'npm run docs'; changes here are lost.
# Which verb stands first ('' for none), as long as no -- has come.
function __srcon_rootfs_fetch_verb
    set -l words (commandline -opc)
    contains -- -- $words[2..-1]; and return 1
    set -l verb ''
    set -q words[2]; and contains -- $words[2] ''; and set verb $words[2]
    test "$verb" = "$argv[1]"
end
function __srcon_rootfs_fetch_first
    test (count (commandline -opc)) -eq 1
end
# Everything after the first -- belongs to the command.
function __srcon_rootfs_fetch_command
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words); or return
    set -l before (string escape -- $words[(math $at + 1)..-1])
    complete --do-complete=(string join ' ' -- $before (commandline -ct))
end
function __srcon_rootfs_fetch_dashes
    contains -- -- (commandline -opc)
end
complete -c rootfs-fetch -f
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_dashes' -a '(__srcon_rootfs_fetch_command)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l sha512 -r -d 'the sum that the archive must have'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l sha256 -r -d 'the same as SHA-256'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l key -x -a '(__fish_complete_path (commandline -ct))' -d 'the OpenPGP key that must have signed'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l mirror -x -a '(__fish_complete_directories (commandline -ct))' -d 'where Alpine lies: http:, https:, file: or a directory'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l arch -r -d 'architecture as Alpine writes it (default: of this machine)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l offline -d 'use only what is in the cache'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l insecure -d 'accept an archive for which the mirror has no sum'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l cache -x -a '(__fish_complete_directories (commandline -ct))' -d 'the cache (default: SRCON_CACHE, else XDG_CACHE_HOME/srcon, else ~/.cache/srcon)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l config -x -a '(__fish_complete_path (commandline -ct))' -d 'print this config with its root set: FILE, - for stdin, or new'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l devices -x -a 'skip keep' -d 'device nodes and FIFOs: skip (default) or keep, as root'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l strip-set-id -d 'set no set-user-id and set-group-id bits'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l max-bytes -r -d 'most bytes after decompression (default 16G)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l max-entries -r -d 'most files, directories and links (default 1000000)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l quiet -s q -d 'no notes on stderr'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l json -d 'print JSON, errors too'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l help -s h -d 'show this help'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l version -s V -d 'show the version'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -a '(__fish_complete_path (commandline -ct))' -d 'the archive of tar: plain or gzip'
