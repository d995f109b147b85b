# fish completion for rootfs-fetch, made from packages/rootfs-fetch/src/options.ts by 'npm run docs'; changes here are lost.
# Which verb stands first ('' for none), as long as no -- has come.
function __srcon_rootfs_fetch_verb
    set -l words (commandline -opc)
    contains -- -- $words[2..-1]; and return 1
    set -l verb ''
    set -q words[2]; and contains -- $words[2] 'list' 'inspect' 'verify' 'lock' 'cache'; and set verb $words[2]
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
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l locked -a '(__fish_complete_path (commandline -ct))' -d 'take only what the lock file says (default: rootfs-fetch.lock.json)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l progress -x -a 'auto plain json none' -d 'how far it is, on stderr: auto is bars on a terminal; json is a document a line'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l max-download -r -d 'largest archive as it is downloaded (default 4G)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l retries -r -d 'tries after the first that bring nothing new (default 4)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l connect-timeout -r -d 'for a connection to stand (default 15s)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l first-byte-timeout -r -d 'for the head of an answer (default 30s)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l stall-timeout -r -d 'silence within an answer (default 30s)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l min-rate -r -d 'fewest bytes a second over a minute; 0 is no limit (default 1K)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l quiet -s q -d 'no notes on stderr'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l json -d 'print JSON, errors too'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l help -s h -d 'show this help'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -l version -s V -d 'show the version'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'\'' -a '(__fish_complete_path (commandline -ct))' -d 'the archive of tar: plain or gzip'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'list\'' -l sha512 -r -d 'the sum that the archive must have'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'list\'' -l sha256 -r -d 'the same as SHA-256'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'list\'' -l key -x -a '(__fish_complete_path (commandline -ct))' -d 'the OpenPGP key that must have signed'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'list\'' -l mirror -x -a '(__fish_complete_directories (commandline -ct))' -d 'where the source lies: http:, https:, file: or a directory'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'list\'' -l arch -r -d 'architecture as the source writes it (default: of this machine)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'list\'' -l offline -d 'use only what is in the cache'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'list\'' -l insecure -d 'accept an archive for which there is no sum'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'list\'' -l cache -x -a '(__fish_complete_directories (commandline -ct))' -d 'the cache (default: SRCON_CACHE, else XDG_CACHE_HOME/srcon, else ~/.cache/srcon)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'list\'' -l json -d 'print JSON, errors too'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'list\'' -l help -s h -d 'show this help'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'list\'' -a '(__fish_complete_path (commandline -ct))' -d 'the archive of tar'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_first' -a list -d 'List what there is of a source: releases, their newest version, their end of life'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'inspect\'' -l sha512 -r -d 'the sum that the archive must have'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'inspect\'' -l sha256 -r -d 'the same as SHA-256'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'inspect\'' -l key -x -a '(__fish_complete_path (commandline -ct))' -d 'the OpenPGP key that must have signed'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'inspect\'' -l mirror -x -a '(__fish_complete_directories (commandline -ct))' -d 'where the source lies: http:, https:, file: or a directory'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'inspect\'' -l arch -r -d 'architecture as the source writes it (default: of this machine)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'inspect\'' -l offline -d 'use only what is in the cache'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'inspect\'' -l insecure -d 'accept an archive for which there is no sum'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'inspect\'' -l cache -x -a '(__fish_complete_directories (commandline -ct))' -d 'the cache (default: SRCON_CACHE, else XDG_CACHE_HOME/srcon, else ~/.cache/srcon)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'inspect\'' -l json -d 'print JSON, errors too'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'inspect\'' -l help -s h -d 'show this help'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'inspect\'' -a '(__fish_complete_path (commandline -ct))' -d 'the archive of tar'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_first' -a inspect -d 'Say what would be fetched, from where and who vouches for it; fetch nothing'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'verify\'' -l sha512 -r -d 'the sum that the archive must have'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'verify\'' -l sha256 -r -d 'the same as SHA-256'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'verify\'' -l key -x -a '(__fish_complete_path (commandline -ct))' -d 'the OpenPGP key that must have signed'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'verify\'' -l mirror -x -a '(__fish_complete_directories (commandline -ct))' -d 'where the source lies: http:, https:, file: or a directory'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'verify\'' -l arch -r -d 'architecture as the source writes it (default: of this machine)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'verify\'' -l offline -d 'use only what is in the cache'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'verify\'' -l insecure -d 'accept an archive for which there is no sum'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'verify\'' -l cache -x -a '(__fish_complete_directories (commandline -ct))' -d 'the cache (default: SRCON_CACHE, else XDG_CACHE_HOME/srcon, else ~/.cache/srcon)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'verify\'' -l json -d 'print JSON, errors too'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'verify\'' -l help -s h -d 'show this help'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'verify\'' -a '(__fish_complete_path (commandline -ct))' -d 'a source, or the path of a tree of the cache or of an archive'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'verify\'' -a '(__fish_complete_path (commandline -ct))' -d 'the archive of tar'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_first' -a verify -d 'Read an archive, or a tree of the cache, again and compare'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'lock\'' -l sha512 -r -d 'the sum that the archive must have'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'lock\'' -l sha256 -r -d 'the same as SHA-256'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'lock\'' -l key -x -a '(__fish_complete_path (commandline -ct))' -d 'the OpenPGP key that must have signed'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'lock\'' -l mirror -x -a '(__fish_complete_directories (commandline -ct))' -d 'where the source lies: http:, https:, file: or a directory'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'lock\'' -l arch -r -d 'architecture as the source writes it (default: of this machine)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'lock\'' -l offline -d 'use only what is in the cache'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'lock\'' -l insecure -d 'accept an archive for which there is no sum'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'lock\'' -l cache -x -a '(__fish_complete_directories (commandline -ct))' -d 'the cache (default: SRCON_CACHE, else XDG_CACHE_HOME/srcon, else ~/.cache/srcon)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'lock\'' -l output -s o -x -a '(__fish_complete_path (commandline -ct))' -d 'the lock file (default: rootfs-fetch.lock.json)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'lock\'' -l json -d 'print JSON, errors too'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'lock\'' -l help -s h -d 'show this help'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'lock\'' -a '(__fish_complete_path (commandline -ct))' -d 'the archive of tar'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_first' -a lock -d 'Fetch a source and write down what it is, for --locked'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'cache\'' -l max-size -r -d 'gc: remove the longest unused until so much is left'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'cache\'' -l max-age -r -d 'gc: remove what was not used for so long (30d, 12h)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'cache\'' -l cache -x -a '(__fish_complete_directories (commandline -ct))' -d 'the cache (default: SRCON_CACHE, else XDG_CACHE_HOME/srcon, else ~/.cache/srcon)'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'cache\'' -l json -d 'print JSON, errors too'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_verb \'cache\'' -l help -s h -d 'show this help'
complete -c rootfs-fetch -n '__srcon_rootfs_fetch_first' -a cache -d 'List what is kept (list), make room (gc), remove all that is not in use (clear)'
