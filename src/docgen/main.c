/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "docgen/docgen.h"

#include "base/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define INPUT_MAX (1u << 20)

static const struct {
        const char *option;
        int (*write)(Page *page);
} lists[] = {
        {"--dictionary", dictionary_write},
        {"--schema", schema_write},
        {"--steps", steps_write},
        {"--ops", ops_write},
};

static int usage(const char *program) {
        fprintf(stderr,
                "usage: %s --man TEMPLATE [EXAMPLE] | --seeds DIRECTORY | --dictionary | --schema "
                "| "
                "--steps | --ops\n",
                program);
        return EXIT_FAILURE;
}

static int fail(const char *what, int fault) {
        fprintf(stderr, "sbx-docgen: %s: %s\n", what, strerror(-fault));
        return EXIT_FAILURE;
}

/* The page to standard output, or its mistake to standard error. */
static int finish(Page *page, int fault) {
        int r;

        if (page->mistake) {
                fprintf(stderr, "sbx-docgen: %s\n", page->mistake);
                return EXIT_FAILURE;
        }
        if (fault < 0) {
                return fail("writing the page", fault);
        }
        r = fd_write_all(STDOUT_FILENO, str_text(&page->text), page->text.length);
        return r < 0 ? fail("standard output", r) : EXIT_SUCCESS;
}

static int manual(const char *template_path, const char *example_path) {
        _cleanup_free_ char *manual_template = NULL, *example = NULL;
        _cleanup_(page_done) Page page = {};
        size_t size;
        int r;

        r = file_read_at(AT_FDCWD, template_path, INPUT_MAX, &manual_template, &size);
        if (r < 0) {
                return fail(template_path, r);
        }
        r = example_path ? file_read_at(AT_FDCWD, example_path, INPUT_MAX, &example, &size) : 0;
        if (r < 0) {
                return fail(example_path, r);
        }
        r = manual_write(&page, manual_template, example);
        return finish(&page, r);
}

int main(int argc, char **argv) {
        if ((argc == 3 || argc == 4) && streq(argv[1], "--man")) {
                return manual(argv[2], argv[3]);
        }
        if (argc == 3 && streq(argv[1], "--seeds")) {
                int r = seeds_write(argv[2]);

                return r < 0 ? fail(argv[2], r) : EXIT_SUCCESS;
        }
        for (size_t i = 0; argc == 2 && i < ELEMENTS(lists); i++) {
                if (streq(argv[1], lists[i].option)) {
                        _cleanup_(page_done) Page page = {};
                        int r = lists[i].write(&page);

                        return finish(&page, r);
                }
        }
        return usage(argv[0]);
}
