/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A layer that was found: the meeting point of unit (which looks it up) and plan (which uses it).
 */

#include "base/diag.h"

typedef struct LayerSource {
        char *name; /* as in Layers=; NULL for RootDirectory=, RootImage= and the host's root */
        char *path; /* absolute, safe */
        bool image; /* an image (of Layers=: erofs), else a directory */
        Place place;
} LayerSource;

typedef struct LayerSources {
        LayerSource *sources; /* the lowest first, as in the unit */
        size_t n;
} LayerSources;

void layer_sources_done(LayerSources *layers);
