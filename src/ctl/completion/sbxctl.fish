# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fish completion for sbxctl: `sbxctl --complete WORD…` knows what may come next.

function __sbxctl_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)

    for line in ($words[1] --complete $words[2..-1] $word 2>/dev/null)
        switch $line
            case /files
                __fish_complete_path $word
            case /command
                __fish_complete_command
            case /hosts
                __fish_complete_user_at_hosts
            case '*'
                echo $line
        end
    end
end

complete -c sbxctl -f -a '(__sbxctl_complete)'
