# bash completion for rootfs-fetch, made from packages/rootfs-fetch/src/options.ts by 'npm run docs'; changes here are lost.
_srcon_reply() {
  local IFS=$' \n' cur=$1
  shift
  COMPREPLY=($("$@" -- "$cur"))
}
_srcon_after_dashes() {
  if declare -F _comp_command_offset >/dev/null; then _comp_command_offset "$1"
  elif declare -F _command_offset >/dev/null; then _command_offset "$1"
  elif (($1 == COMP_CWORD)); then _srcon_reply "${COMP_WORDS[COMP_CWORD]}" compgen -c
  else _srcon_reply "${COMP_WORDS[COMP_CWORD]}" compgen -f
  fi
}
_srcon_rootfs_fetch() {
  local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} verb='' equals='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == -- ]] && { _srcon_after_dashes $((i + 1)); return; }
  done
  ((COMP_CWORD > 1)) && case ${COMP_WORDS[1]} in pack | list | inspect | verify | lock | cache) verb=${COMP_WORDS[1]} ;; esac
  # bash cuts --name=VALUE into three words.
  if [[ $cur == = ]]; then cur='' equals='='
  elif [[ $option == = ]]; then option=${COMP_WORDS[COMP_CWORD - 2]} equals='='
  fi
  case $verb:$option:$equals in
    :--sha512:*) :; return ;;
    :--sha256:*) :; return ;;
    :--key:*) _srcon_reply "$cur" compgen -f; return ;;
    :--mirror:*) _srcon_reply "$cur" compgen -d; return ;;
    :--arch:*) :; return ;;
    :--cache:*) _srcon_reply "$cur" compgen -d; return ;;
    :--config:*) _srcon_reply "$cur" compgen -f; return ;;
    :--copy:=) _srcon_reply "$cur" compgen -W 'reflink hardlink'; return ;;
    :--output:* | :-o:*) _srcon_reply "$cur" compgen -d; return ;;
    :--devices:*) _srcon_reply "$cur" compgen -W 'skip keep'; return ;;
    :--max-bytes:*) :; return ;;
    :--max-entries:*) :; return ;;
    :--locked:=) _srcon_reply "$cur" compgen -f; return ;;
    :--progress:*) _srcon_reply "$cur" compgen -W 'auto plain json none'; return ;;
    :--max-download:*) :; return ;;
    :--retries:*) :; return ;;
    :--connect-timeout:*) :; return ;;
    :--first-byte-timeout:*) :; return ;;
    :--stall-timeout:*) :; return ;;
    :--min-rate:*) :; return ;;
    :--max-ratio:*) :; return ;;
    :--max-depth:*) :; return ;;
    :--max-path:*) :; return ;;
    :--max-name:*) :; return ;;
    :--owners:*) _srcon_reply "$cur" compgen -W 'auto exact own'; return ;;
    :--xattrs:*) :; return ;;
    :--variant:*) :; return ;;
    :--include:*) :; return ;;
    :--components:*) :; return ;;
    :--bootstrap:*) _srcon_reply "$cur" compgen -W 'mmdebstrap debootstrap'; return ;;
    :--max-age:*) :; return ;;
    pack:--output:* | pack:-o:*) _srcon_reply "$cur" compgen -f; return ;;
    pack:--latest:*) :; return ;;
    pack:--compress:*) _srcon_reply "$cur" compgen -W 'gzip zstd none'; return ;;
    pack:--arch:*) :; return ;;
    pack:--cmd:*) :; return ;;
    pack:--entrypoint:*) :; return ;;
    pack:--env:* | pack:-e:*) :; return ;;
    pack:--user:* | pack:-u:*) :; return ;;
    pack:--workdir:* | pack:-w:*) :; return ;;
    list:--sha512:*) :; return ;;
    list:--sha256:*) :; return ;;
    list:--key:*) _srcon_reply "$cur" compgen -f; return ;;
    list:--mirror:*) _srcon_reply "$cur" compgen -d; return ;;
    list:--arch:*) :; return ;;
    list:--cache:*) _srcon_reply "$cur" compgen -d; return ;;
    inspect:--sha512:*) :; return ;;
    inspect:--sha256:*) :; return ;;
    inspect:--key:*) _srcon_reply "$cur" compgen -f; return ;;
    inspect:--mirror:*) _srcon_reply "$cur" compgen -d; return ;;
    inspect:--arch:*) :; return ;;
    inspect:--cache:*) _srcon_reply "$cur" compgen -d; return ;;
    inspect:--variant:*) :; return ;;
    inspect:--include:*) :; return ;;
    inspect:--components:*) :; return ;;
    inspect:--bootstrap:*) _srcon_reply "$cur" compgen -W 'mmdebstrap debootstrap'; return ;;
    inspect:--max-age:*) :; return ;;
    verify:--sha512:*) :; return ;;
    verify:--sha256:*) :; return ;;
    verify:--key:*) _srcon_reply "$cur" compgen -f; return ;;
    verify:--mirror:*) _srcon_reply "$cur" compgen -d; return ;;
    verify:--arch:*) :; return ;;
    verify:--cache:*) _srcon_reply "$cur" compgen -d; return ;;
    verify:--variant:*) :; return ;;
    verify:--include:*) :; return ;;
    verify:--components:*) :; return ;;
    verify:--bootstrap:*) _srcon_reply "$cur" compgen -W 'mmdebstrap debootstrap'; return ;;
    verify:--max-age:*) :; return ;;
    lock:--sha512:*) :; return ;;
    lock:--sha256:*) :; return ;;
    lock:--key:*) _srcon_reply "$cur" compgen -f; return ;;
    lock:--mirror:*) _srcon_reply "$cur" compgen -d; return ;;
    lock:--arch:*) :; return ;;
    lock:--cache:*) _srcon_reply "$cur" compgen -d; return ;;
    lock:--variant:*) :; return ;;
    lock:--include:*) :; return ;;
    lock:--components:*) :; return ;;
    lock:--bootstrap:*) _srcon_reply "$cur" compgen -W 'mmdebstrap debootstrap'; return ;;
    lock:--max-age:*) :; return ;;
    lock:--output:* | lock:-o:*) _srcon_reply "$cur" compgen -f; return ;;
    cache:--max-size:*) :; return ;;
    cache:--max-age:*) :; return ;;
    cache:--cache:*) _srcon_reply "$cur" compgen -d; return ;;
  esac
  case $verb in
    '')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--sha512= --sha256= --key= --mirror= --arch= --offline --insecure --cache= --config= --copy --output= --devices= --strip-set-id --max-bytes= --max-entries= --locked --progress= --max-download= --retries= --connect-timeout= --first-byte-timeout= --stall-timeout= --min-rate= --max-ratio= --max-depth= --max-path= --max-name= --owners= --xattrs= --variant= --include= --components= --bootstrap= --max-age= --quiet --json --help --version'
      elif ((COMP_CWORD == 1)); then _srcon_reply "$cur" compgen -W 'pack list inspect verify lock cache'; :
      fi ;;
    'pack')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--output= --latest= --compress= --arch= --cmd= --entrypoint= --env= --user= --workdir= --json --help'
      else _srcon_reply "$cur" compgen -d
      fi ;;
    'list')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--sha512= --sha256= --key= --mirror= --arch= --offline --insecure --cache= --json --help'
      fi ;;
    'inspect')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--sha512= --sha256= --key= --mirror= --arch= --offline --insecure --cache= --variant= --include= --components= --bootstrap= --max-age= --json --help'
      fi ;;
    'verify')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--sha512= --sha256= --key= --mirror= --arch= --offline --insecure --cache= --variant= --include= --components= --bootstrap= --max-age= --json --help'
      else _srcon_reply "$cur" compgen -f
      fi ;;
    'lock')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--sha512= --sha256= --key= --mirror= --arch= --offline --insecure --cache= --variant= --include= --components= --bootstrap= --max-age= --output= --json --help'
      fi ;;
    'cache')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--max-size= --max-age= --cache= --json --help'
      fi ;;
  esac
  # A value is written right after the equals sign.
  [[ ${COMPREPLY-} == --*= ]] && type compopt >/dev/null 2>&1 && compopt -o nospace 2>/dev/null
  return 0
}
complete -o default -F _srcon_rootfs_fetch rootfs-fetch
