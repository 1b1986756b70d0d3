/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/layer.h"

void layer_sources_done(LayerSources *layers) {
        assert(layers);

        for (size_t i = 0; i < layers->n; i++) {
                free(layers->sources[i].name);
                free(layers->sources[i].path);
        }
        free(layers->sources);
        *layers = (LayerSources){};
}
