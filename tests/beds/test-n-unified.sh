#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-n-unified.sh BUILD [PART…]: the same as test-n-hybrid.sh in the bed N-unified, where cgroup2
# stands alone and without controllers: limits are refused, and all else is as it was.
set -euo pipefail

export SBX_BED=${SBX_BED:-unified-$$} SBX_BED_MODE=unified
exec "$(dirname "$(readlink -f "$0")")/test-n-hybrid.sh" "$@"
