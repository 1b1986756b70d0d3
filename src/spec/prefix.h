/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Ranges of IP addresses, as IPAddressAllow= and IPAddressDeny= name them. */

#include "base/str.h"

#include <stdint.h>

typedef struct AddressPrefix {
        int family; /* AF_INET, AF_INET6 */
        uint8_t bytes[16];
        size_t size;
        uint32_t length; /* in bits */
} AddressPrefix;

/* "10.0.0.0/8", "::1": what stands behind the length is cleared. -EINVAL. */
int address_prefix_parse(const char *text, AddressPrefix *ret);
/* The canonical text, or NULL. */
char *address_prefix_format(const AddressPrefix *prefix);
/* What a word of the directives stands for: "localhost" is two. Gives how many, 0 where it is
 * none of these words. */
#define ADDRESS_WORD_PREFIXES 2u
size_t address_word_find(const char *word, const char *const **ret);
