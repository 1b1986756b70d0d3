/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/value-type.h"

#include "base/parse.h"

#include <arpa/inet.h>
#include <sys/un.h>

/* Addresses of sockets, kept as canonical text: LISTEN and TARGET.
 *     8080 · 127.0.0.1:8080 · [::1]:8080-8089 · /run/web.socket */

static int port_parse(const char *text, uint32_t *ret) {
        int r;

        r = parse_u32(text, ret);
        if (r < 0) {
                return r;
        }
        return *ret >= 1 && *ret <= UINT16_MAX ? 0 : -ERANGE;
}

/* "8080", or "8080-8089"; as canonical text. */
static int ports_parse(const char *text, char **ret) {
        char first_text[] = "65535";
        const char *dash = strchr(text, '-');
        size_t n = dash ? (size_t) (dash - text) : strlen(text);
        uint32_t first, last;
        int r;

        if (n >= sizeof(first_text)) {
                return -ERANGE;
        }
        memcpy(first_text, text, n);
        first_text[n] = '\0';
        r = port_parse(first_text, &first);
        if (r == 0 && !dash) {
                *ret = strf("%u", first);
                return *ret ? 0 : -ENOMEM;
        }
        r = r < 0 ? r : port_parse(dash + 1, &last);
        if (r < 0 || last <= first || last - first >= PORT_RANGE_MAX) {
                return r < 0 ? r : -EDOM;
        }
        *ret = strf("%u-%u", first, last);
        return *ret ? 0 : -ENOMEM;
}

bool value_address_ports(const char *address, PortRange *ret) {
        const char *colon = strrchr(address, ':'), *dash;
        uint32_t first = 0, last = 0;

        if (address[0] == '/') {
                return false;
        }
        ret->host = colon ? (size_t) (colon + 1 - address) : 0;
        dash = strchr(address + ret->host, '-');
        /* what was parsed before: it is well-formed */
        for (const char *p = address + ret->host; *p && p != dash; p++) {
                first = first * 10 + (uint32_t) (*p - '0');
        }
        if (dash) {
                (void) port_parse(dash + 1, &last);
        }
        ret->first = first;
        ret->last = dash ? last : first;
        return true;
}

static int port_fail(const char *port, int fault, char **reterr) {
        if (fault == -ENOMEM) {
                return fault;
        }
        if (strchr(port, '-')) {
                return value_fail(reterr, -EINVAL,
                                  QUOTED
                                  " is no range of ports; write FIRST-LAST with the lower one "
                                  "first, at most %u ports",
                                  port, PORT_RANGE_MAX);
        }
        return value_fail(reterr, -ERANGE, QUOTED " is no port; write a number from 1 to 65535",
                          port);
}

static int address_parse_path(const char *text, char **ret, char **reterr) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = value_parse_path(text, &path, reterr);
        if (r < 0) {
                return r;
        }
        if (streq(path, "/") || strlen(path) >= sizeof(((struct sockaddr_un *) NULL)->sun_path)) {
                return value_fail(reterr, -ERANGE,
                                  QUOTED " is no path of a unix socket; the most is %zu bytes",
                                  text, sizeof(((struct sockaddr_un *) NULL)->sun_path) - 1);
        }
        *ret = TAKE(path);
        return 0;
}

/* HOST:PORT, where HOST is an IPv4 address, or an IPv6 one in brackets. */
static int address_parse_inet(const char *text, char **ret, char **reterr, size_t *reterr_offset) {
        char host[INET6_ADDRSTRLEN] = "", canonical[INET6_ADDRSTRLEN];
        const char *colon = strrchr(text, ':');
        bool six = text[0] == '[' && colon && colon > text && colon[-1] == ']';
        _cleanup_free_ char *ports = NULL;
        struct in6_addr address;
        size_t n;
        int r;

        assert(colon);

        n = (size_t) (colon - text) - (six ? 2 : 0);
        if (n < sizeof(host)) {
                memcpy(host, text + (six ? 1 : 0), n);
                host[n] = '\0';
        }
        if (n >= sizeof(host) || inet_pton(six ? AF_INET6 : AF_INET, host, &address) != 1 ||
            !inet_ntop(six ? AF_INET6 : AF_INET, &address, canonical, sizeof(canonical))) {
                return value_fail(
                        reterr, -EINVAL,
                        QUOTED " is no address; write PORT, A.B.C.D:PORT, [ADDRESS6]:PORT, or an "
                               "absolute path",
                        text);
        }
        r = ports_parse(colon + 1, &ports);
        if (r < 0) {
                *reterr_offset = (size_t) (colon + 1 - text);
                return port_fail(colon + 1, r, reterr);
        }
        *ret = six ? strf("[%s]:%s", canonical, ports) : strf("%s:%s", canonical, ports);
        return *ret ? 0 : -ENOMEM;
}

static int address_parse(const Directive *directive, const char *text, const Place *place,
                         void *field, char **reterr, size_t *reterr_offset) {
        char *address = NULL;
        int r = 0;

        if (text[0] == '@') {
                return value_fail(
                        reterr, -EINVAL,
                        QUOTED
                        ": abstract sockets are not supported, since they are of the network "
                        "namespace and have no permissions; write a path",
                        text);
        }
        if (text[0] == '/') {
                r = address_parse_path(text, &address, reterr);
        } else if (strchr(text, ':')) {
                r = address_parse_inet(text, &address, reterr, reterr_offset);
        } else if (text[0]) {
                r = ports_parse(text, &address);
                if (r < 0) {
                        return port_fail(text, r, reterr);
                }
        }
        if (r < 0) {
                return r;
        }
        value_string_set(field, address);
        return 0;
}

#define ADDRESS_TYPE(TYPE)                                                               \
        const ValueType value_type_##TYPE = {                                            \
                .kind = VALUE_##TYPE,                                                    \
                .sample = "127.0.0.1:8080",                                              \
                .label = "address",                                                      \
                .signature = "s",                                                        \
                .grammar = "PORT | FIRST-LAST | A.B.C.D:PORT | [ADDRESS6]:PORT | /PATH", \
                .size = sizeof(char *),                                                  \
                .parse = address_parse,                                                  \
                .format = value_string_format,                                           \
                .done = value_string_done,                                               \
                .copy = value_string_copy,                                               \
        }
ADDRESS_TYPE(LISTEN);
ADDRESS_TYPE(TARGET);
#undef ADDRESS_TYPE
