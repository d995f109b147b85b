# bash completion for ns-unshare, made from packages/ns-unshare/src/options.ts by 'npm run docs'; changes here are lost.
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
_srcon_ns_unshare() {
  local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} verb='' equals='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == -- ]] && { _srcon_after_dashes $((i + 1)); return; }
  done
  ((COMP_CWORD > 1)) && case ${COMP_WORDS[1]} in list | show) verb=${COMP_WORDS[1]} ;; esac
  # bash cuts --name=VALUE into three words.
  if [[ $cur == = ]]; then cur='' equals='='
  elif [[ $option == = ]]; then option=${COMP_WORDS[COMP_CWORD - 2]} equals='='
  fi
  case $verb:$option:$equals in
    :--user:=) _srcon_reply "$cur" compgen -f; return ;;
    :--pid:=) _srcon_reply "$cur" compgen -f; return ;;
    :--mount:=) _srcon_reply "$cur" compgen -f; return ;;
    :--uts:=) _srcon_reply "$cur" compgen -f; return ;;
    :--ipc:=) _srcon_reply "$cur" compgen -f; return ;;
    :--net:=) _srcon_reply "$cur" compgen -f; return ;;
    :--cgroup:=) _srcon_reply "$cur" compgen -f; return ;;
    :--time:=) _srcon_reply "$cur" compgen -f; return ;;
    :--map-users:*) :; return ;;
    :--map-groups:*) :; return ;;
    :--setgroups:*) _srcon_reply "$cur" compgen -W 'allow deny'; return ;;
    :--hostname:*) :; return ;;
    :--propagation:*) _srcon_reply "$cur" compgen -W 'private slave shared unchanged'; return ;;
    :--monotonic:*) :; return ;;
    :--boottime:*) :; return ;;
    :--kill-child:=) :; return ;;
    :--config:*) _srcon_reply "$cur" compgen -f; return ;;
    list:--type:* | list:-t:*) _srcon_reply "$cur" compgen -W 'user pid mnt uts ipc net cgroup time'; return ;;
    list:--pid:* | list:-p:*) _srcon_reply "$cur" compgen -W "$(cd /proc && printf '%s ' [0-9]*)"; return ;;
  esac
  case $verb in
    '')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--user --pid --mount --uts --ipc --net --cgroup --time --map-root-user --map-current-user --map-users= --map-groups= --setgroups= --hostname= --mount-proc --propagation= --monotonic= --boottime= --loopback --init --no-init --fork --kill-child --plan --dry-run --new --config= --json --help --version'
      elif ((COMP_CWORD == 1)); then _srcon_reply "$cur" compgen -W 'list show'; :
      fi ;;
    'list')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--type= --pid= --json --help'
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
complete -o default -F _srcon_ns_unshare ns-unshare
