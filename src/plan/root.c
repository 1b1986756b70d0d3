/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "plan/builder.h"
#include "spec/namespaces.h"

#include <linux/sched.h>

static int build_layer(Builder *builder, const LayerSource *layer) {
        DirectiveId directive = DIRECTIVE_Layers;
        uint64_t kind = layer->image ? OP_LAYER_IMAGE : OP_LAYER_DIRECTORY;

        if (!layer->name && layer->image) {
                directive = DIRECTIVE_RootImage;
                kind = OP_LAYER_ROOT_IMAGE;
        } else if (!layer->name && builder->spec->root_directory) {
                directive = DIRECTIVE_RootDirectory;
        }
        return builder_add(builder, OP_LAYER, (uint16_t) directive, layer->place, kind,
                           layer->path);
}

int build_root(Builder *builder) {
        static const uint64_t uppers[_ROOT_UPPER_MAX] = {
                [ROOT_UPPER_NONE] = OP_UPPER_NONE,
                [ROOT_UPPER_TMPFS] = OP_UPPER_TMPFS,
        };
        const LayerSources *layers = builder->input->layers;
        const Spec *spec = builder->spec;
        int r = 0;

        assert(spec->root_upper >= 0 && spec->root_upper < _ROOT_UPPER_MAX);

        if ((spec_joined(spec) & CLONE_NEWNS) != 0) {
                return 0; /* the root is what it is there */
        }

        if (layers->n > PLAN_LAYERS_MAX) {
                builder_refuse(builder, FROM(builder, Layers),
                               "The root has %zu layers; the kernel takes at most %d", layers->n,
                               PLAN_LAYERS_MAX);
                return 0;
        }
        if (layers->n == 0) {
                r = builder_add(builder, OP_LAYER, FROM(builder, Layers), U64(OP_LAYER_DIRECTORY),
                                "/");
        }
        /* A unit names the lowest first, the kernel wants the topmost first. */
        for (size_t i = layers->n; i > 0 && r == 0; i--) {
                r = build_layer(builder, &layers->sources[i - 1]);
        }
        if (r == 0) {
                r = builder_add(builder, OP_OVERLAY, FROM(builder, RootUpper),
                                uppers[spec->root_upper], spec->overlay_size_max);
        }
        if (r == 0) {
                r = builder_cause(builder, "upper", FROM(builder, RootUpper));
        }
        return r < 0 ? r : builder_cause(builder, "size", FROM(builder, OverlaySizeMax));
}
