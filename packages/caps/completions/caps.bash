# bash completion for caps, made from packages/caps/src/options.ts by 'npm run docs'; changes here are lost.
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
_srcon_caps() {
  local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} verb='' equals='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == -- ]] && { _srcon_after_dashes $((i + 1)); return; }
  done
  ((COMP_CWORD > 1)) && case ${COMP_WORDS[1]} in show | tree | decode | explain | supports | test | files | set-file | verify-file | remove-file | why) verb=${COMP_WORDS[1]} ;; esac
  # bash cuts --name=VALUE into three words.
  if [[ $cur == = ]]; then cur='' equals='='
  elif [[ $option == = ]]; then option=${COMP_WORDS[COMP_CWORD - 2]} equals='='
  fi
  case $verb:$option:$equals in
    :--drop:* | :-d:*) :; return ;;
    :--keep:* | :-k:*) :; return ;;
    :--add:*) :; return ;;
    :--caps:*) :; return ;;
    :--iab:*) :; return ;;
    :--ambient:* | :-a:*) :; return ;;
    :--securebits:*) :; return ;;
    :--pdeathsig:*) :; return ;;
    :--user:*) _srcon_reply "$cur" compgen -u; return ;;
    :--groups:*) :; return ;;
    :--config:*) _srcon_reply "$cur" compgen -f; return ;;
    tree:--depth:*) :; return ;;
    test:--has:*) :; return ;;
    test:--uid:*) :; return ;;
    test:--gid:*) :; return ;;
    test:--group:*) :; return ;;
    test:--securebits:*) :; return ;;
    set-file:--root-id:*) :; return ;;
    verify-file:--root-id:*) :; return ;;
    why:--output:* | why:-o:*) _srcon_reply "$cur" compgen -f; return ;;
    why:--method:*) _srcon_reply "$cur" compgen -W 'auto trace calls'; return ;;
  esac
  case $verb in
    '')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--drop= --keep= --add= --caps= --iab= --ambient= --keep-caps --securebits= --pdeathsig= --no-new-privs --user= --groups= --init-groups --clear-groups --keep-groups --plan --dry-run --new --config= --json --help --version'
      elif ((COMP_CWORD == 1)); then _srcon_reply "$cur" compgen -W 'show tree decode explain supports test files set-file verify-file remove-file why'; :
      fi ;;
    'show')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--threads --json --help'
      else _srcon_reply "$cur" compgen -W "$(cd /proc && printf '%s ' [0-9]*)"
      fi ;;
    'tree')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--all --depth= --json --help'
      else _srcon_reply "$cur" compgen -W "$(cd /proc && printf '%s ' [0-9]*)"
      fi ;;
    'decode')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--json --help'
      fi ;;
    'explain')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--json --help'
      fi ;;
    'supports')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--json --help'
      fi ;;
    'test')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--has= --has-no-new-privs --uid= --gid= --group= --securebits= --json --help'
      else _srcon_reply "$cur" compgen -W "$(cd /proc && printf '%s ' [0-9]*)"
      fi ;;
    'files')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--recursive --one-file-system --json --help'
      else _srcon_reply "$cur" compgen -f
      fi ;;
    'set-file')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--root-id= --json --help'
      fi ;;
    'verify-file')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--root-id= --json --help'
      fi ;;
    'remove-file')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--json --help'
      else _srcon_reply "$cur" compgen -f
      fi ;;
    'why')
      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W '--output= --method= --plan --dry-run --json --help'
      fi ;;
  esac
  # A value is written right after the equals sign.
  [[ ${COMPREPLY-} == --*= ]] && type compopt >/dev/null 2>&1 && compopt -o nospace 2>/dev/null
  return 0
}
complete -o default -F _srcon_caps caps
