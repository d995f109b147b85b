# bash completion for srcon, made from packages/srcon/src/options.ts by 'npm run docs'; changes here are lost.
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
_srcon_srcon() {
  local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} verb='' equals='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == -- ]] && { _srcon_after_dashes $((i + 1)); return; }
  done
  ((COMP_CWORD > 1)) && case ${COMP_WORDS[1]} in run | plan | bundle | facts | doctor) verb=${COMP_WORDS[1]} ;; esac
  # bash cuts --name=VALUE into three words.
  if [[ $cur == = ]]; then cur='' equals='='
  elif [[ $option == = ]]; then option=${COMP_WORDS[COMP_CWORD - 2]} equals='='
  fi
  case $verb:$option:$equals in
    run:--root:* | run:-r:*) _srcon_reply "$cur" compgen -d; return ;;
    run:--memory:* | run:-m:*) :; return ;;
    run:--swap:*) :; return ;;
    run:--cpus:*) :; return ;;
    run:--cpu-weight:*) :; return ;;
    run:--cpuset:*) :; return ;;
    run:--pids:*) :; return ;;
    run:--hostname:*) :; return ;;
    run:--map-users:*) :; return ;;
    run:--map-groups:*) :; return ;;
    run:--bind:*) :; return ;;
    run:--rbind:*) :; return ;;
    run:--tmpfs:*) :; return ;;
    run:--mask:*) :; return ;;
    run:--cgroups:=) _srcon_reply "$cur" compgen -W 'ro rw'; return ;;
    run:--workdir:* | run:-w:*) _srcon_reply "$cur" compgen -d; return ;;
    run:--drop:* | run:-d:*) :; return ;;
    run:--keep:* | run:-k:*) :; return ;;
    run:--user:*) _srcon_reply "$cur" compgen -u; return ;;
    run:--groups:*) :; return ;;
    run:--profile:*) _srcon_reply "$cur" compgen -f; return ;;
    run:--env:* | run:-e:*) :; return ;;
    run:--timeout:*) :; return ;;
    run:--share:*) _srcon_reply "$cur" compgen -W 'user pid uts ipc net cgroup'; return ;;
    run:--verdict:*) _srcon_reply "$cur" compgen -f; return ;;
    run:--stdin:*) _srcon_reply "$cur" compgen -W 'inherit tty null'; return ;;
    run:--config:*) _srcon_reply "$cur" compgen -f; return ;;
    plan:--root:* | plan:-r:*) _srcon_reply "$cur" compgen -d; return ;;
    plan:--memory:* | plan:-m:*) :; return ;;
    plan:--swap:*) :; return ;;
    plan:--cpus:*) :; return ;;
    plan:--cpu-weight:*) :; return ;;
    plan:--cpuset:*) :; return ;;
    plan:--pids:*) :; return ;;
    plan:--hostname:*) :; return ;;
    plan:--map-users:*) :; return ;;
    plan:--map-groups:*) :; return ;;
    plan:--bind:*) :; return ;;
    plan:--rbind:*) :; return ;;
    plan:--tmpfs:*) :; return ;;
    plan:--mask:*) :; return ;;
    plan:--cgroups:=) _srcon_reply "$cur" compgen -W 'ro rw'; return ;;
    plan:--workdir:* | plan:-w:*) _srcon_reply "$cur" compgen -d; return ;;
    plan:--drop:* | plan:-d:*) :; return ;;
    plan:--keep:* | plan:-k:*) :; return ;;
    plan:--user:*) _srcon_reply "$cur" compgen -u; return ;;
    plan:--groups:*) :; return ;;
    plan:--profile:*) _srcon_reply "$cur" compgen -f; return ;;
    plan:--env:* | plan:-e:*) :; return ;;
    plan:--timeout:*) :; return ;;
    plan:--share:*) _srcon_reply "$cur" compgen -W 'user pid uts ipc net cgroup'; return ;;
    plan:--config:*) _srcon_reply "$cur" compgen -f; return ;;
    bundle:--root:* | bundle:-r:*) _srcon_reply "$cur" compgen -d; return ;;
    bundle:--memory:* | bundle:-m:*) :; return ;;
    bundle:--swap:*) :; return ;;
    bundle:--cpus:*) :; return ;;
    bundle:--cpu-weight:*) :; return ;;
    bundle:--cpuset:*) :; return ;;
    bundle:--pids:*) :; return ;;
    bundle:--hostname:*) :; return ;;
    bundle:--map-users:*) :; return ;;
    bundle:--map-groups:*) :; return ;;
    bundle:--bind:*) :; return ;;
    bundle:--rbind:*) :; return ;;
    bundle:--tmpfs:*) :; return ;;
    bundle:--mask:*) :; return ;;
    bundle:--cgroups:=) _srcon_reply "$cur" compgen -W 'ro rw'; return ;;
    bundle:--workdir:* | bundle:-w:*) _srcon_reply "$cur" compgen -d; return ;;
    bundle:--drop:* | bundle:-d:*) :; return ;;
    bundle:--keep:* | bundle:-k:*) :; return ;;
    bundle:--user:*) _srcon_reply "$cur" compgen -u; return ;;
    bundle:--groups:*) :; return ;;
    bundle:--profile:*) _srcon_reply "$cur" compgen -f; return ;;
    bundle:--env:* | bundle:-e:*) :; return ;;
    bundle:--timeout:*) :; return ;;
    bundle:--share:*) _srcon_reply "$cur" compgen -W 'user pid uts ipc net cgroup'; return ;;
    bundle:--config:*) _srcon_reply "$cur" compgen -f; return ;;
  esac
  case $verb in
    '')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--json --help --version'
      elif ((COMP_CWORD == 1)); then _srcon_reply "$cur" compgen -W 'run plan bundle facts doctor'; :
      fi ;;
    'run')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--root= --memory= --swap= --cpus= --cpu-weight= --cpuset= --pids= --hostname= --map-users= --map-groups= --loopback --bind= --rbind= --tmpfs= --read-only --mask= --cgroups --workdir= --drop= --keep= --user= --groups= --profile= --env= --timeout= --share= --unmask --why --verdict= --stdin= --plan --dry-run --new --config= --json --help'
      fi ;;
    'plan')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--root= --memory= --swap= --cpus= --cpu-weight= --cpuset= --pids= --hostname= --map-users= --map-groups= --loopback --bind= --rbind= --tmpfs= --read-only --mask= --cgroups --workdir= --drop= --keep= --user= --groups= --profile= --env= --timeout= --share= --unmask --plan --dry-run --new --config= --json --help'
      fi ;;
    'bundle')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--root= --memory= --swap= --cpus= --cpu-weight= --cpuset= --pids= --hostname= --map-users= --map-groups= --loopback --bind= --rbind= --tmpfs= --read-only --mask= --cgroups --workdir= --drop= --keep= --user= --groups= --profile= --env= --timeout= --share= --unmask --lossy --plan --dry-run --new --config= --json --help'
      else _srcon_reply "$cur" compgen -d
      fi ;;
    'facts')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--json --help'
      else _srcon_reply "$cur" compgen -W "$(cd /proc && printf '%s ' [0-9]*)"
      fi ;;
    'doctor')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--json --help'
      fi ;;
  esac
  # A value is written right after the equals sign.
  [[ ${COMPREPLY-} == --*= ]] && type compopt >/dev/null 2>&1 && compopt -o nospace 2>/dev/null
  return 0
}
complete -o default -F _srcon_srcon srcon
