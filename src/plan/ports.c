/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "plan/builder.h"

#define PORTS_MAX 256u /* what one relay serves */

/* The n-th of a range like "127.0.0.1:8080-8089"; what is none is the same for all. */
static char *address_nth(const char *address, unsigned n) {
        PortRange range;

        if (!value_address_ports(address, &range) || range.first == range.last) {
                return strf("%s", address);
        }
        return strf("%.*s%u", (int) range.host, address, range.first + n);
}

static int add_one(Builder *builder, const PortSpec *port, const char *to, unsigned n) {
        _cleanup_free_ char *listen = address_nth(port->listen, n), *target = address_nth(to, n);
        int r;

        if (!listen || !target) {
                return -ENOMEM;
        }
        r = builder_add(builder, OP_LISTEN, DIRECTIVE_PORT_Listen, port->listen_place, port->name,
                        listen, target);
        if (r == 0) {
                r = builder_cause(builder, "listen", DIRECTIVE_PORT_Listen, port->listen_place);
        }
        if (r == 0) {
                r = builder_cause(builder, "target", DIRECTIVE_PORT_Target, port->target_place);
        }
        return r;
}

int build_ports(Builder *builder) {
        const Spec *spec = builder->spec;
        unsigned n_ports = 0;

        for (size_t i = 0; i < spec->n_ports; i++) {
                const PortSpec *port = &spec->ports[i];
                const char *target = port->target;
                PortRange range = {};
                int r = 0;

                if (!port->listen) {
                        builder_refuse(builder, DIRECTIVE_PORT_Listen, port->place,
                                       "[Port %s] does not say where to listen", port->name);
                        continue;
                }
                if (value_address_ports(port->listen, &range) && !target) {
                        target = port->listen + range.host;
                }
                if (!target) {
                        builder_refuse(
                                builder, DIRECTIVE_PORT_Target, port->place,
                                "[Port %s] listens on a path and needs a Target=", port->name);
                        continue;
                }
                n_ports += range.last - range.first + 1;
                if (n_ports > PORTS_MAX) {
                        builder_refuse(builder, DIRECTIVE_PORT_Listen, port->listen_place,
                                       "[Port %s] is one too many: a sandbox has at most %u ports",
                                       port->name, PORTS_MAX);
                        break;
                }
                for (unsigned n = 0; n <= range.last - range.first && r == 0; n++) {
                        r = add_one(builder, port, target, n);
                }
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}
