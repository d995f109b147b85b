# bash completion for seccomp-filter, made from packages/seccomp-filter/src/options.ts by 'npm run docs'; changes here are lost.
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
_srcon_seccomp_filter() {
  local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} verb='' equals='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == -- ]] && { _srcon_after_dashes $((i + 1)); return; }
  done
  ((COMP_CWORD > 1)) && case ${COMP_WORDS[1]} in show | check | explain | diff | minimise | lint | export | run | learn | fmt | table | simulate) verb=${COMP_WORDS[1]} ;; esac
  # bash cuts --name=VALUE into three words.
  if [[ $cur == = ]]; then cur='' equals='='
  elif [[ $option == = ]]; then option=${COMP_WORDS[COMP_CWORD - 2]} equals='='
  fi
  case $verb:$option:$equals in
    :--profile:* | :-p:*) _srcon_reply "$cur" compgen -f; return ;;
    :--caps:*) :; return ;;
    :--widths:*) _srcon_reply "$cur" compgen -W 'kernel register'; return ;;
    :--config:*) _srcon_reply "$cur" compgen -f; return ;;
    show:--raw:*) _srcon_reply "$cur" compgen -f; return ;;
    show:--filter:*) :; return ;;
    check:--arch:*) _srcon_reply "$cur" compgen -W 'x86_64 x86 x32 aarch64 arm riscv64 s390x ppc64le loongarch64'; return ;;
    check:--caps:*) :; return ;;
    check:--widths:*) _srcon_reply "$cur" compgen -W 'kernel register'; return ;;
    explain:--arch:*) _srcon_reply "$cur" compgen -W 'x86_64 x86 x32 aarch64 arm riscv64 s390x ppc64le loongarch64'; return ;;
    explain:--caps:*) :; return ;;
    explain:--widths:*) _srcon_reply "$cur" compgen -W 'kernel register'; return ;;
    diff:--arch:*) _srcon_reply "$cur" compgen -W 'x86_64 x86 x32 aarch64 arm riscv64 s390x ppc64le loongarch64'; return ;;
    diff:--caps:*) :; return ;;
    diff:--widths:*) _srcon_reply "$cur" compgen -W 'kernel register'; return ;;
    minimise:--arch:*) _srcon_reply "$cur" compgen -W 'x86_64 x86 x32 aarch64 arm riscv64 s390x ppc64le loongarch64'; return ;;
    minimise:--caps:*) :; return ;;
    minimise:--widths:*) _srcon_reply "$cur" compgen -W 'kernel register'; return ;;
    lint:--arch:*) _srcon_reply "$cur" compgen -W 'x86_64 x86 x32 aarch64 arm riscv64 s390x ppc64le loongarch64'; return ;;
    lint:--caps:*) :; return ;;
    lint:--widths:*) _srcon_reply "$cur" compgen -W 'kernel register'; return ;;
    export:--arch:*) _srcon_reply "$cur" compgen -W 'x86_64 x86 x32 aarch64 arm riscv64 s390x ppc64le loongarch64'; return ;;
    export:--caps:*) :; return ;;
    export:--widths:*) _srcon_reply "$cur" compgen -W 'kernel register'; return ;;
    run:--profile:* | run:-p:*) _srcon_reply "$cur" compgen -f; return ;;
    run:--caps:*) :; return ;;
    run:--widths:*) _srcon_reply "$cur" compgen -W 'kernel register'; return ;;
    run:--report:*) _srcon_reply "$cur" compgen -f; return ;;
    learn:--output:* | learn:-o:*) _srcon_reply "$cur" compgen -f; return ;;
    learn:--base:*) _srcon_reply "$cur" compgen -f; return ;;
    learn:--merge:*) _srcon_reply "$cur" compgen -f; return ;;
    learn:--runs:*) :; return ;;
    table:--arch:*) _srcon_reply "$cur" compgen -W 'x86_64 x86 x32 aarch64 arm riscv64 s390x ppc64le loongarch64'; return ;;
    simulate:--arch:*) _srcon_reply "$cur" compgen -W 'x86_64 x86 x32 aarch64 arm riscv64 s390x ppc64le loongarch64'; return ;;
    simulate:--calls:*) _srcon_reply "$cur" compgen -f; return ;;
    simulate:--caps:*) :; return ;;
    simulate:--widths:*) _srcon_reply "$cur" compgen -W 'kernel register'; return ;;
  esac
  case $verb in
    '')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--profile= --log --no-no-new-privs --caps= --widths= --plan --dry-run --new --config= --json --help --version'
      elif ((COMP_CWORD == 1)); then _srcon_reply "$cur" compgen -W 'show check explain diff minimise lint export run learn fmt table simulate'; :
      fi ;;
    'show')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--raw= --disassemble --filter= --json --help'
      else _srcon_reply "$cur" compgen -W "$(cd /proc && printf '%s ' [0-9]*)"
      fi ;;
    'check')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--arch= --caps= --widths= --json --help'
      else _srcon_reply "$cur" compgen -f
      fi ;;
    'explain')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--arch= --caps= --widths= --json --help'
      else _srcon_reply "$cur" compgen -f
      fi ;;
    'diff')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--arch= --caps= --widths= --json --help'
      else _srcon_reply "$cur" compgen -f
      fi ;;
    'minimise')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--oci --arch= --caps= --widths= --json --help'
      else _srcon_reply "$cur" compgen -f
      fi ;;
    'lint')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--arch= --caps= --widths= --json --help'
      else _srcon_reply "$cur" compgen -f
      fi ;;
    'export')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--raw --c --disassemble --oci --terse --arch= --caps= --widths= --json --help'
      else _srcon_reply "$cur" compgen -f
      fi ;;
    'run')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--profile= --log --no-no-new-privs --caps= --widths= --why --report= --plan --dry-run --json --help'
      fi ;;
    'learn')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--output= --base= --merge= --runs= --oci --allow-clone3 --no-no-new-privs --plan --dry-run --json --help'
      fi ;;
    'fmt')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--check --json --help'
      else _srcon_reply "$cur" compgen -f
      fi ;;
    'table')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--arch= --json --help'
      fi ;;
    'simulate')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--arch= --calls= --trace --caps= --widths= --json --help'
      else _srcon_reply "$cur" compgen -f
      fi ;;
  esac
  # A value is written right after the equals sign.
  [[ ${COMPREPLY-} == --*= ]] && type compopt >/dev/null 2>&1 && compopt -o nospace 2>/dev/null
  return 0
}
complete -o default -F _srcon_seccomp_filter seccomp-filter
