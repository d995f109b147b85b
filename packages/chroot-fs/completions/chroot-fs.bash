# bash completion for chroot-fs, made from packages/chroot-fs/src/options.ts by 'npm run docs'; changes here are lost.
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
_srcon_chroot_fs() {
  local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} verb='' equals='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == -- ]] && { _srcon_after_dashes $((i + 1)); return; }
  done
  ((COMP_CWORD > 1)) && case ${COMP_WORDS[1]} in show) verb=${COMP_WORDS[1]} ;; esac
  # bash cuts --name=VALUE into three words.
  if [[ $cur == = ]]; then cur='' equals='='
  elif [[ $option == = ]]; then option=${COMP_WORDS[COMP_CWORD - 2]} equals='='
  fi
  case $verb:$option:$equals in
    :--cgroups:=) _srcon_reply "$cur" compgen -W 'ro rw'; return ;;
    :--bind:*) :; return ;;
    :--rbind:*) :; return ;;
    :--tmpfs:*) :; return ;;
    :--overlay:=) _srcon_reply "$cur" compgen -d; return ;;
    :--mask:*) :; return ;;
    :--workdir:* | :-w:*) _srcon_reply "$cur" compgen -d; return ;;
    :--config:*) _srcon_reply "$cur" compgen -f; return ;;
  esac
  case $verb in
    '')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--proc --bind-proc --sys --dev --cgroups --bind= --rbind= --tmpfs= --overlay --read-only --mask= --default-masks --chroot --workdir= --plan --dry-run --new --config= --json --help --version'
      elif ((COMP_CWORD == 1)); then _srcon_reply "$cur" compgen -W 'show'; COMPREPLY+=($(compgen -d -- "$cur"))
      else _srcon_reply "$cur" compgen -d
      fi ;;
    'show')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--json --help'
      else _srcon_reply "$cur" compgen -W "$(cd /proc && printf '%s ' [0-9]*)"
      fi ;;
  esac
  # A value is written right after the equals sign.
  [[ ${COMPREPLY-} == --*= ]] && type compopt >/dev/null 2>&1 && compopt -o nospace 2>/dev/null
  return 0
}
complete -o default -F _srcon_chroot_fs chroot-fs
