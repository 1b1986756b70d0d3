#compdef sbxctl
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# zsh completion for sbxctl: `sbxctl --complete WORD…` knows what may come next.

local line value meaning
local -a whole open whole_shown open_shown
integer found=1

for line in "${(@f)$(_call_program sbxctl ${(q)words[1]} --complete \
                "${(q@)${(Q@)words[2,CURRENT-1]}}" "${(q)${(Q)PREFIX}}" 2>/dev/null)}"; do
        value=${line%%$'\t'*}
        meaning=${${line#$value}#$'\t'}
        case $value in
        '') ;;
        /files) compset -P '*='; _files && found=0 ;;
        /command) _command_names -e && found=0 ;;
        /hosts) compset -P '*='; _hosts && found=0 ;;
        *[=@])
                open+=("$value")
                open_shown+=("${value//:/\\:}${meaning:+:$meaning}")
                ;;
        *)
                whole+=("$value")
                whole_shown+=("${value//:/\\:}${meaning:+:$meaning}")
                ;;
        esac
done
(( $#whole )) && _describe -t words 'sbxctl' whole_shown whole && found=0
(( $#open )) && _describe -t assignments 'sbxctl' open_shown open -S '' && found=0
return found
