# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# bash completion for sbxctl: `sbxctl --complete WORD…` knows what may come next.

_sbxctl() {
        local words=() word value rest joined=
        local i

        # bash takes words apart at = and :, sbxctl wants them whole
        for ((i = 1; i <= COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                if [[ ${#words[@]} -gt 0 && ($word == [=:]* || -n $joined) && $word != -* ]]; then
                        words[-1]+=$word
                else
                        words+=("$word")
                fi
                joined=
                [[ $word == *[=:] ]] && joined=yes
        done
        word=${words[-1]}
        # what stands in front of the last of them is no part of the word that readline replaces
        rest=${word%"${word##*[=:]}"}

        COMPREPLY=()
        while IFS=$'\t' read -r value _; do
                case $value in
                /files)
                        compopt -o filenames 2>/dev/null
                        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "${word#"$rest"}")
                        ;;
                /command)
                        compopt -o filenames 2>/dev/null
                        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "${word#"$rest"}")
                        ;;
                /hosts)
                        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -A hostname -- "${word#"$rest"}")
                        ;;
                *)
                        [[ $value == *[=@] ]] && compopt -o nospace 2>/dev/null
                        value=${value#"$rest"}
                        # an escaped byte in a name is for sbxctl, not for the shell
                        COMPREPLY+=("${value//\\/\\\\}")
                        ;;
                esac
        done < <("${COMP_WORDS[0]}" --complete "${words[@]}" 2>/dev/null)
}
complete -F _sbxctl sbxctl
