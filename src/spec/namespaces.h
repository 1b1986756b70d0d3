/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The kinds of namespaces, and what a spec says of each: a new one of its own, somebody else's that
 * is joined, or (neither) the host's. */

#include "spec/spec.h"

#define NAMESPACE_KINDS 8u

typedef struct NamespaceKind {
        uint64_t flag;    /* CLONE_NEW… */
        const char *name; /* of JoinNamespaces= */
        DirectiveId path; /* joins the one of a file */
        DirectiveId own;  /* asks for a new one */
} NamespaceKind;

extern const NamespaceKind namespace_kinds[NAMESPACE_KINDS];

/* By the name of JoinNamespaces=; NULL where there is none. */
const NamespaceKind *namespace_kind_find(const char *name);
/* The path that the spec joins this kind by, or NULL. */
const char *spec_namespace_path(const Spec *spec, const NamespaceKind *kind);

/* Masks of CLONE_NEW…: those that are joined, those of its own, and both: what is not the host's.
 */
uint64_t spec_joined(const Spec *spec);
uint64_t spec_own(const Spec *spec);
uint64_t spec_apart(const Spec *spec);
