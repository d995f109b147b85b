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
    :--devices:*) _srcon_reply "$cur" compgen -W 'skip keep'; return ;;
    :--max-bytes:*) :; return ;;
    :--max-entries:*) :; return ;;
  esac
  case $verb in
    '')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--sha512= --sha256= --key= --mirror= --arch= --offline --insecure --cache= --config= --devices= --strip-set-id --max-bytes= --max-entries= --quiet --json --help --version'
      fi ;;
  esac
  # A value is written right after the equals sign.
  [[ ${COMPREPLY-} == --*= ]] && type compopt >/dev/null 2>&1 && compopt -o nospace 2>/dev/null
  return 0
}
complete -o default -F _srcon_rootfs_fetch rootfs-fetch
