/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/target.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>

/* What a text means: its addresses as text again, in order. */
static const struct Case {
        const char *text;
        const char *expect; /* NULL: refused */
} cases[] = {
        {"8080", "127.0.0.1:8080 [::1]:8080 "},
        {"1", "127.0.0.1:1 [::1]:1 "},
        {"65535", "127.0.0.1:65535 [::1]:65535 "},
        {"10.1.2.3:80", "10.1.2.3:80 "},
        {"[::1]:80", "[::1]:80 "},
        {"[fe80::1]:443", "[fe80::1]:443 "},
        {"/run/web.sock", "/run/web.sock "},
        {"", NULL},
        {"0", NULL},
        {"65536", NULL},
        {"-1", NULL},
        {"+80", NULL},
        {"80 ", NULL},
        {" 80", NULL},
        {"0x50", NULL},
        {"localhost:80", NULL},
        {"10.1.2.3", NULL},
        {"10.1.2.3:", NULL},
        {"10.1.2.3:0", NULL},
        {"10.1.2:80", NULL},
        {"10.1.2.3.4:80", NULL},
        {"::1:80", NULL},
        {"[::1]", NULL},
        {"[::1]80", NULL},
        {"[]:80", NULL},
        {"[:80", NULL},
        {"[::1:80", NULL},
        {"[10.1.2.3]:80", NULL},
        {":80", NULL},
        {"relative/path", NULL},
        {"/run/../etc/x", NULL},
        {"/run//x", NULL},
        {"/", "/ "},
        {"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         NULL},
};

static void format(const Target *target, char *text, size_t size) {
        size_t used = 0;

        text[0] = '\0';
        for (size_t i = 0; i < target->n; i++) {
                const struct sockaddr_storage *address = &target->addresses[i].address;
                char host[INET6_ADDRSTRLEN] = "";
                int n = 0;

                if (address->ss_family == AF_INET) {
                        const struct sockaddr_in *in = (const struct sockaddr_in *) address;

                        ck_assert_ptr_nonnull(
                                inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host)));
                        n = snprintf(text + used, size - used, "%s:%u ", host, ntohs(in->sin_port));
                } else if (address->ss_family == AF_INET6) {
                        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *) address;

                        ck_assert_ptr_nonnull(
                                inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof(host)));
                        n = snprintf(text + used, size - used, "[%s]:%u ", host,
                                     ntohs(in->sin6_port));
                } else {
                        const struct sockaddr_un *un = (const struct sockaddr_un *) address;

                        n = snprintf(text + used, size - used, "%s ", un->sun_path);
                }
                used += (size_t) n;
        }
}

START_TEST(target_means_what_it_says) {
        const struct Case *c = &cases[_i];
        char text[512];
        Target target;
        int r;

        r = target_parse(c->text, &target);
        if (!c->expect) {
                ck_assert_int_eq(r, -EINVAL);
                return;
        }
        ck_assert_int_eq(r, 0);
        format(&target, text, sizeof(text));
        ck_assert_str_eq(text, c->expect);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("relay/target");
        TCase *tcase = tcase_create("parse");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(tcase, target_means_what_it_says, 0, (int) ELEMENTS(cases));
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
