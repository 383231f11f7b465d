# bash completion for lianchengctl. Install as /usr/share/bash-completion/completions/lianchengctl.
# Options come from the program's own --help, so that this file names no option twice.

_lianchengctl_options() {
    local kind=()
    if [[ $1 == import ]]; then kind=("${2:-hl7}"); fi
    lianchengctl "$1" "${kind[@]}" --help 2>/dev/null | sed -n 's/^ *\(--[a-z-]*\).*/\1/p'
}

_lianchengctl() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command='' kind='' words=() word skip=0
    local commands='init check-config key status health ping submit query follow rejects import conformance why cases case issues issue ledger task clues clue slips stalls contact-rules circulars circular report publish publications explain verify export rebuild replay'
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if ((skip)); then
            skip=0
        elif [[ $word == --config ]]; then
            skip=1
        elif [[ $word != -* ]]; then
            [[ $command ]] && words+=("$word")
            command=${command:-$word}
        fi
    done
    COMPREPLY=()
    case $previous in
    --config | --key | --keys | --out | --facilities | --agencies | --rejects | --folder | --result | --ca | --cert)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    esac
    if [[ -z $command ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands --config --json --help --version" -- "$current")
        return
    fi
    if [[ $current == -* ]]; then
        if [[ $command == import ]]; then kind=${words[0]-}; fi
        mapfile -t COMPREPLY < <(compgen -W "$(_lianchengctl_options "$command" "${words[0]:-}")" -- "$current")
        return
    fi
    case $command:${#words[@]} in
    cases:* | why:* | case:* | issues:* | issue:* | ledger:* | task:* | clues:* | clue:* | slips:* | stalls:* | circular:* | circulars:* | contact-rules:*) ;;
    key:0) mapfile -t COMPREPLY < <(compgen -W 'list add rotate revoke' -- "$current") ;;
    rejects:0) mapfile -t COMPREPLY < <(compgen -W 'list show resubmit' -- "$current") ;;
    import:0) mapfile -t COMPREPLY < <(compgen -W 'hl7 catalogue issues ledger notices' -- "$current") ;;
    rejects:1 | follow:0) mapfile -t COMPREPLY < <(compgen -W 'visits approvals issues' -- "$current") ;;
    submit:0) mapfile -t COMPREPLY < <(compgen -W 'visits approvals issues aggregator' -- "$current") ;;
    status:0 | ping:0 | query:0 | check-config:0)
        mapfile -t COMPREPLY < <(compgen -W 'visits approvals issues aggregator hl7-gateway' -- "$current")
        ;;
    *) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    esac
}

complete -F _lianchengctl lianchengctl
