/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/lookup.h"
#include "base/parse.h"
#include "spec/syscalls.h"
#include "spec/value-type.h"

/* What system call filters are made of: SYSCALLS, CHOICES, ERRNO. */

#define ERRNO_LAST 4095 /* the kernel's, also of what a filter may return */

/* -- ERRNO -- */

int value_parse_errno(const char *text, int *ret) {
        uint32_t number;
        int r;

        assert(text);
        assert(ret);

        if (streq(text, "kill")) {
                *ret = VALUE_KILL;
                return 0;
        }
        r = parse_u32(text, &number);
        if (r == 0 && number >= 1 && number <= ERRNO_LAST) {
                *ret = (int) number;
                return 0;
        }
        if (r != -EINVAL) {
                return -ERANGE;
        }
        for (int error = 1; error <= ERRNO_LAST; error++) {
                const char *name = strerrorname_np(error);

                if (name && streq(name, text)) {
                        *ret = error;
                        return 0;
                }
        }
        return -EINVAL;
}

char *value_format_errno(int error) {
        const char *name = error == VALUE_KILL ? "kill" : strerrorname_np(error);

        return name ? strdup(name) : strf("%d", error);
}

static int errno_fail(const char *text, char **reterr) {
        return value_fail(
                reterr, -EINVAL,
                QUOTED " is no error; write a name of errno(3) such as EPERM, a number from 1 to "
                       "4095, or kill",
                text);
}

static int errno_parse(const Directive *directive, const char *text, const Place *place,
                       void *field, char **reterr, size_t *reterr_offset) {
        int value;

        if (value_parse_errno(text, &value) < 0) {
                return errno_fail(text, reterr);
        }
        *(int *) field = value;
        return 0;
}

static int errno_format(const Directive *directive, const void *field, char ***ret) {
        return value_one(value_format_errno(*(const int *) field), ret);
}

static int errno_copy(const void *field, void *ret) {
        *(int *) ret = *(const int *) field;
        return 0;
}

const ValueType value_type_ERRNO = {
        .kind = VALUE_ERRNO,
        .sample = "ENOSYS",
        .label = "error",
        .signature = "s",
        .grammar = "ERRNO_NAME | NUMBER | kill",
        .size = sizeof(int),
        .parse = errno_parse,
        .format = errno_format,
        .done = value_plain_done,
        .copy = errno_copy,
};

/* -- SYSCALLS -- */

static int syscalls_check(const char *word, char **reterr) {
        const char *suggestion;

        if (word[0] == '~') {
                return value_fail(reterr, -EINVAL,
                                  QUOTED
                                  ": ~ stands once, before the whole list; write the names to "
                                  "subtract as an assignment of their own",
                                  word);
        }
        if (word[0] == '@' ? !!syscall_group_find(word) : syscall_is_name(word)) {
                return 0;
        }
        suggestion = syscall_suggest(word);
        return value_fail(reterr, -EINVAL, QUOTED " is no %s%s%s%s", word,
                          word[0] == '@' ? "group of system calls" : "system call",
                          suggestion ? "; did you mean " : "", suggestion ? suggestion : "",
                          suggestion ? "?" : "; see `systemd-analyze syscall-filter`");
}

/* "name", "@group", and either with ":errno". */
static int syscalls_add(const Directive *directive, char *word, ValueList *list, const Place *place,
                        char **reterr) {
        _cleanup_free_ char *owned = word;
        char *colon = strchr(word, ':');
        ValueItem *item;
        int error = 0, r;

        if (colon) {
                *colon = '\0';
                if (value_parse_errno(colon + 1, &error) < 0) {
                        return errno_fail(colon + 1, reterr);
                }
        }
        r = syscalls_check(word, reterr);
        if (r < 0) {
                return r;
        }
        item = value_list_add(list, place);
        if (!item) {
                return -ENOMEM;
        }
        item->text = TAKE(owned);
        item->mode = (uint32_t) error;
        item->flags = colon ? VALUE_ERROR : 0;
        return 0;
}

static int syscalls_parse(const Directive *directive, const char *text, const Place *place,
                          void *field, char **reterr, size_t *reterr_offset) {
        _cleanup_list_ ValueList list = {};
        int r;

        r = value_list_parse_inverted(directive, text, place, syscalls_add, &list, reterr,
                                      reterr_offset);
        return r < 0 ? r : value_list_take(field, &list, reterr);
}

/* CHOICES too, which have no errors. */
static int syscalls_format(const Directive *directive, const void *field, char ***ret) {
        const ValueList *list = field;
        _cleanup_(strv_freep) char **texts = NULL;

        for (size_t i = 0; i < list->n; i++) {
                const ValueItem *item = &list->items[i];
                bool has_error = (item->flags & VALUE_ERROR) != 0;
                _cleanup_free_ char *error =
                        has_error ? value_format_errno((int) item->mode) : strdup("");
                int r = error ? strv_append_take(&texts,
                                                 strf("%s%s%s%s",
                                                      item->flags & VALUE_INVERTED ? "~" : "",
                                                      item->text, has_error ? ":" : "", error))
                              : -ENOMEM;

                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE(texts);
        return 0;
}

const ValueType value_type_SYSCALLS = {
        .kind = VALUE_SYSCALLS,
        .sample = "~@mount ptrace:ENOSYS",
        .label = "list of system calls",
        .signature = "as",
        .grammar = "[~]NAME|@GROUP[:ERROR] […]",
        .size = sizeof(ValueList),
        .list = true,
        .parse = syscalls_parse,
        .format = syscalls_format,
        .done = value_list_field_done,
        .copy = value_list_field_copy,
};

/* -- CHOICES -- */

#define CHOICES_LISTED 10u /* more names than these are not told one by one */

static int choice_fail(const Directive *directive, const char *word, char **reterr) {
        _cleanup_(str_done) Str names = STR_INIT;
        const char *nearest = NULL;
        size_t least = MAX(strlen(word) / 3, (size_t) 1) + 1;

        for (size_t i = 0; i < directive->n_names; i++) {
                size_t distance = str_distance(word, directive->names[i]);

                if (str_appendf(&names, "%s%s", i == 0 ? "" : ", ", directive->names[i]) < 0) {
                        return -ENOMEM;
                }
                if (distance < least) {
                        least = distance;
                        nearest = directive->names[i];
                }
        }
        if (directive->n_names <= CHOICES_LISTED) {
                return value_fail(reterr, -EINVAL, QUOTED " is none of the words of %s=: %s", word,
                                  directive->name, str_text(&names));
        }
        return value_fail(reterr, -EINVAL, QUOTED " is none of the words of %s=%s%s%s", word,
                          directive->name, nearest ? "; did you mean " : "", nearest ? nearest : "",
                          nearest ? "?" : "; sbx.sandbox(5) lists them");
}

/* Where yes and no are among the names, so is every other way to write them. */
static int choice_find(const Directive *directive, const char *word) {
        int index = lookup_parse(directive->names, directive->n_names, word);
        bool yes;

        if (index < 0 && parse_boolean(word, &yes) == 0) {
                index = lookup_parse(directive->names, directive->n_names, yes ? "yes" : "no");
        }
        return index;
}

static int choices_add(const Directive *directive, char *word, ValueList *list, const Place *place,
                       char **reterr) {
        _cleanup_free_ char *owned = word;
        int index = choice_find(directive, owned);
        ValueItem *item;

        if (index < 0) {
                return choice_fail(directive, owned, reterr);
        }
        item = value_list_add(list, place);
        if (!item) {
                return -ENOMEM;
        }
        item->mode = (uint32_t) index;
        item->text = strdup(directive->names[index]);
        return item->text ? 0 : -ENOMEM;
}

static int choices_parse(const Directive *directive, const char *text, const Place *place,
                         void *field, char **reterr, size_t *reterr_offset) {
        _cleanup_list_ ValueList list = {};
        int r;

        r = value_list_parse_inverted(directive, text, place, choices_add, &list, reterr,
                                      reterr_offset);
        return r < 0 ? r : value_list_take(field, &list, reterr);
}

const ValueType value_type_CHOICES = {
        .kind = VALUE_CHOICES,
        .sample = "~",
        .label = "list of choices",
        .signature = "as",
        .grammar = "[~]WORD […]",
        .size = sizeof(ValueList),
        .list = true,
        .parse = choices_parse,
        .format = syscalls_format,
        .done = value_list_field_done,
        .copy = value_list_field_copy,
};
