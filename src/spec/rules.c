/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/rule-checks.h"

#include "base/parse.h"
#include "base/path.h"

#include <stdio.h>

/* The file that the spec came from, for what is missing altogether: "web.sandbox", line 0. */
static Place spec_file(const Spec *spec) {
        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                if (spec->places[i].file) {
                        return (Place){.file = spec->places[i].file};
                }
        }
        return spec->n_ports > 0 ? (Place){.file = spec->ports[0].place.file} : PLACE_NONE;
}

Place rule_place(const Spec *spec, DirectiveId directive) {
        return spec->places[directive].file ? spec->places[directive] : spec_file(spec);
}

#define CHECK(name) static RULE_CHECK(name)

/* -- what is run -- */

CHECK(exec_missing) {
        if (spec->exec_start.n == 0 && !spec->set[DIRECTIVE_ExecStart]) {
                report_here(rule, "It is missing from [Sandbox]; say what to run, such as "
                                  "ExecStart=/bin/sleep infinity");
        }
        return 0;
}

CHECK(exec_several) {
        if (spec->exec_start.n > 1 && spec->type != SERVICE_ONESHOT) {
                report(rule, &spec->exec_start.items[1].place,
                       "There are %zu commands, but more than one needs Type=oneshot; to replace "
                       "one from "
                       "another file, write an empty ExecStart= first",
                       spec->exec_start.n);
        }
        return 0;
}

CHECK(restart_oneshot) {
        if (spec->type == SERVICE_ONESHOT &&
            (spec->restart == RESTART_ALWAYS || spec->restart == RESTART_ON_SUCCESS)) {
                report_here(rule,
                            "%s would run a Type=oneshot without end; write no, on-failure, "
                            "on-abnormal or "
                            "on-abort",
                            restart_names[spec->restart]);
        }
        return 0;
}

/* What confines is no limit: a sandbox never runs without it. */
static bool limit_is_optional(const Directive *directive) {
        return directive->scope_property && (directive->flags & DIRECTIVE_ESSENTIAL) == 0;
}

CHECK(best_effort) {
        for (size_t i = 0; i < spec->best_effort.n; i++) {
                const ValueItem *item = &spec->best_effort.items[i];
                const Directive *directive = directive_find_name(item->text);

                if (!directive || !limit_is_optional(directive)) {
                        report(rule, &item->place,
                               "%.80s is no limit that could be left out; name directives such as "
                               "MemoryHigh",
                               item->text);
                }
        }
        return 0;
}

/* systemd's strict names of users: a letter or underscore, then letters, digits, - and _. */
static bool user_name_is_valid(const char *name) {
        size_t n = strlen(name);

        for (size_t i = 0; i < n; i++) {
                char c = name[i];
                bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

                if (!letter && !(i > 0 && ((c >= '0' && c <= '9') || c == '-' || c == '.'))) {
                        return false;
                }
        }
        return n > 0 && n < 256;
}

/* The id of a number, or of "root"; false for other names, whose id only the root knows. */
static bool user_number(const char *text, uint32_t *ret) {
        if (streq(text, "root")) {
                *ret = 0;
                return true;
        }
        return parse_u32(text, ret) >= 0;
}

static int check_user_text(const Rule *rule, const Spec *spec, const char *text, DiagList *diags) {
        uint32_t id;

        if (!text) {
                return 0;
        }
        if (user_number(text, &id) ? id == UINT32_MAX : !user_name_is_valid(text)) {
                report_here(rule,
                            "\"%.80s\" is no %s; write a number from 0 to 4294967294, or a name "
                            "that begins "
                            "with a letter",
                            text, rule->directive == DIRECTIVE_User ? "user" : "group");
        }
        return 0;
}

CHECK(user_name) {
        return check_user_text(rule, spec, spec->user, diags);
}

CHECK(group_name) {
        return check_user_text(rule, spec, spec->group, diags);
}

/* Whether there is such an id; a name needs the root's /etc/passwd, and is root's or any other. */
static bool id_may_exist(const Spec *spec, const ValueList *map, const char *text) {
        const Users *users = &spec->private_users;
        uint32_t id, count = users->mode == USERS_SELF ? 1 : users->count;
        bool number = user_number(text, &id);

        if (map->n > 0) {
                /* that root is missing is another rule's to say */
                return !number || id == 0 || id == UINT32_MAX || value_id_is_mapped(map, id);
        }
        if (users->mode != USERS_SELF && users->mode != USERS_RANGE) {
                return true;
        }
        return number ? id == UINT32_MAX || id < count : count > 1;
}

static int check_id_mapped(const Rule *rule, const Spec *spec, const char *text, bool group,
                           DiagList *diags) {
        if (text && !id_may_exist(spec, spec_id_map(spec, group), text)) {
                report_here(rule,
                            "\"%.80s\" does not exist in this user namespace; give PrivateUsers= "
                            "(pick has the ids 0 to 65535), UIDMap= or GIDMap= more of them, or "
                            "use root",
                            text);
        }
        return 0;
}

CHECK(user_mapped) {
        return check_id_mapped(rule, spec, spec->user, /* group= */ false, diags);
}

CHECK(group_mapped) {
        return check_id_mapped(rule, spec, spec->group, /* group= */ true, diags);
}

CHECK(supplementary_groups) {
        for (size_t i = 0; i < spec->supplementary_groups.n; i++) {
                const ValueItem *item = &spec->supplementary_groups.items[i];
                uint32_t id;

                if (user_number(item->text, &id) ? id == UINT32_MAX
                                                 : !user_name_is_valid(item->text)) {
                        report(rule, &item->place,
                               "\"%.80s\" is no group; write a number from 0 to 4294967294, or a "
                               "name that begins with a letter",
                               item->text);
                }
        }
        return 0;
}

CHECK(supplementary_mapped) {
        int r = 0;

        for (size_t i = 0; i < spec->supplementary_groups.n && r == 0; i++) {
                r = check_id_mapped(rule, spec, spec->supplementary_groups.items[i].text,
                                    /* group= */ true, diags);
        }
        return r;
}

CHECK(working_directory) {
        static const char *const forbidden[] = {"/proc", "/sys", "/dev"};

        for (size_t i = 0; i < ELEMENTS(forbidden) && spec->working_directory.path; i++) {
                if (path_is_below(spec->working_directory.path, forbidden[i])) {
                        report_here(rule,
                                    "\"%.80s\" lies below %s, where links lead out of the root; "
                                    "choose an "
                                    "ordinary directory",
                                    spec->working_directory.path, forbidden[i]);
                }
        }
        return 0;
}

CHECK(pass_environment) {
        for (size_t i = 0; i < spec->pass_environment.n; i++) {
                const ValueItem *item = &spec->pass_environment.items[i];

                if (!environment_name_is_valid(item->text, strlen(item->text))) {
                        report(rule, &item->place,
                               "\"%.80s\" is no name of a variable; write names alone, and set "
                               "values by Environment=",
                               item->text);
                }
        }
        return 0;
}

/* -- namespaces -- */

CHECK(private_mounts) {
        if (!spec->private_mounts) {
                report_here(rule,
                            "It cannot be switched off: the root is assembled in a mount namespace "
                            "of its own; remove the line");
        }
        return 0;
}

CHECK(process_two) {
        if (spec->set[rule->directive] && !spec->process_two && !spec->private_pids) {
                report_here(rule,
                            "It has no effect with PrivatePIDs=no, where no process is PID 1");
        }
        return 0;
}

CHECK(hostname) {
        if (spec->hostname && !spec->protect_hostname) {
                report_here(rule,
                            "It needs ProtectHostname=yes: without a UTS namespace the host's own "
                            "name would change");
        }
        return 0;
}

CHECK(domainname) {
        if (spec->domainname && !spec->protect_hostname) {
                report_here(rule,
                            "It needs ProtectHostname=yes: without a UTS namespace the host's own "
                            "domain name would change");
        }
        return 0;
}

CHECK(private_time) {
        if (spec->set[rule->directive] && !spec->private_time && spec_wants_time_namespace(spec)) {
                report_here(
                        rule,
                        "no contradicts TimeOffsetBootSec= or TimeOffsetMonotonicSec=, which need "
                        "a time namespace; remove one of the lines");
        }
        return 0;
}

/* -- privileges -- */

/* A word that stands for all or nothing can be told, but not subtracted. */
static void check_inverted(const Rule *rule, const ValueList *list, uint32_t first, uint32_t last,
                           DiagList *diags) {
        for (size_t i = 0; i < list->n; i++) {
                const ValueItem *item = &list->items[i];

                if ((item->flags & VALUE_INVERTED) && item->text[0] && item->mode >= first &&
                    item->mode <= last) {
                        report(rule, &item->place, "\"%s\" cannot stand behind ~; write it alone",
                               item->text);
                }
        }
}

CHECK(namespace_words) {
        check_inverted(rule, &spec->restrict_namespaces, NAMESPACE_CHOICE_YES, NAMESPACE_CHOICE_NO,
                       diags);
        return 0;
}

CHECK(family_words) {
        check_inverted(rule, &spec->restrict_address_families, FAMILY_NONE, FAMILY_NONE, diags);
        return 0;
}

CHECK(architecture_words) {
        check_inverted(rule, &spec->system_call_architectures, 0, UINT32_MAX, diags);
        return 0;
}

CHECK(write_execute) {
        const ValueList *list = &spec->system_call_architectures;

        for (size_t i = 0; spec->memory_deny_write_execute && i < list->n; i++) {
                if (list->items[i].mode == ARCHITECTURE_X86) {
                        report_here(rule,
                                    "It cannot be kept up where SystemCallArchitectures= has x86, "
                                    "whose mmap(2) hides what it asks for; leave out one of them");
                        break;
                }
        }
        return 0;
}

CHECK(ambient) {
        if (spec->ambient_capabilities & ~spec->capability_bounding_set) {
                Spec missing = {.ambient_capabilities = spec->ambient_capabilities &
                                                        ~spec->capability_bounding_set};
                _cleanup_(strv_freep) char **names = NULL;
                int r;

                r = spec_format(&missing, &directive_table[rule->directive], &names);
                if (r < 0) {
                        return r;
                }
                report_here(rule, "%s must be in CapabilityBoundingSet= too; add it there",
                            names[0]);
        }
        return 0;
}

/* -- ports -- */

#define FOREACH_PORT(port, spec)                                                                   \
        for (const PortSpec *port = (spec)->ports; port && port < (spec)->ports + (spec)->n_ports; \
             port++)

CHECK(port_network) {
        FOREACH_PORT(port, spec) {
                if (!spec->private_network) {
                        report(rule, &port->place,
                               "[Port %s] needs PrivateNetwork=yes: with the host's network the "
                               "program "
                               "listens on the host itself, and the port is not forwarded",
                               port->name);
                }
        }
        return 0;
}

CHECK(port_listen) {
        FOREACH_PORT(port, spec) {
                if (!port->listen && !port->listen_place.file) {
                        report(rule, &port->place,
                               "It is missing from [Port %s]; say where the host listens, such as "
                               "Listen=8080",
                               port->name);
                }
        }
        return 0;
}

CHECK(port_target) {
        FOREACH_PORT(port, spec) {
                if (port->listen && port->listen[0] == '/' && !port->target &&
                    !port->target_place.file) {
                        report(rule, &port->listen_place,
                               "[Port %s] listens on a path, which says nothing about the inside; "
                               "add "
                               "Target=",
                               port->name);
                }
        }
        return 0;
}

CHECK(port_range) {
        FOREACH_PORT(port, spec) {
                PortRange listen, target;

                if (!port->listen || !port->target || !value_address_ports(port->target, &target) ||
                    target.first == target.last) {
                        continue;
                }
                if (!value_address_ports(port->listen, &listen) ||
                    listen.last - listen.first != target.last - target.first) {
                        report(rule, &port->target_place,
                               "[Port %s] goes to %u ports and listens on another number of them; "
                               "give "
                               "both ranges the same length, or one port for all",
                               port->name, target.last - target.first + 1);
                }
        }
        return 0;
}

/* "8080" means every address; so it takes the port from any other. */
static bool listen_collides(const char *a, const char *b) {
        PortRange range_a, range_b;

        if (!value_address_ports(a, &range_a) || !value_address_ports(b, &range_b)) {
                return streq(a, b);
        }
        if (range_a.last < range_b.first || range_b.last < range_a.first) {
                return false;
        }
        return range_a.host == 0 || range_b.host == 0 ||
               (range_a.host == range_b.host && memcmp(a, b, range_a.host) == 0);
}

CHECK(port_twice) {
        FOREACH_PORT(port, spec) {
                for (const PortSpec *other = spec->ports; other < port; other++) {
                        if (port->listen && other->listen &&
                            listen_collides(port->listen, other->listen)) {
                                report(rule, &port->listen_place,
                                       "[Port %s] listens on %s, and so does [Port %s] at line %u; "
                                       "choose "
                                       "another port or address",
                                       port->name, port->listen, other->name,
                                       other->listen_place.line);
                                break;
                        }
                }
        }
        return 0;
}

/* -- [Install] -- */

static bool unit_name_is_valid_for_systemd(const char *name) {
        static const char *const suffixes[] = {".target", ".service", ".socket", ".timer",  ".path",
                                               ".mount",  ".device",  ".slice",  ".sandbox"};
        static const char allowed[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.\\@-";

        if (strlen(name) > 255 || strspn(name, allowed) != strlen(name)) {
                return false;
        }
        for (size_t i = 0; i < ELEMENTS(suffixes); i++) {
                const char *suffix = endswith(name, suffixes[i]);

                if (suffix && suffix > name) {
                        return true;
                }
        }
        return false;
}

CHECK(wanted_by) {
        for (size_t i = 0; i < spec->wanted_by.n; i++) {
                const ValueItem *item = &spec->wanted_by.items[i];

                if (!unit_name_is_valid_for_systemd(item->text)) {
                        report(rule, &item->place,
                               "\"%.80s\" is no name of a unit; write one such as "
                               "multi-user.target",
                               item->text);
                }
        }
        return 0;
}

#define E(rule_name, Name, function, text) \
        { rule_name, DIRECTIVE_##Name, DIAG_ERROR, text, check_##function }
#define W(rule_name, Name, function, text) \
        { rule_name, DIRECTIVE_##Name, DIAG_WARNING, text, check_##function }

const Rule rule_table[] = {
        E("exec-start-missing", ExecStart, exec_missing, "ExecStart= is required."),
        E("exec-start-several", ExecStart, exec_several, "Several commands need Type=oneshot."),
        E("restart-oneshot", Restart, restart_oneshot,
          "Restart=always and on-success cannot be used with Type=oneshot."),
        E("user-name", User, user_name, "User= is a number, or a name that begins with a letter."),
        E("group-name", Group, group_name,
          "Group= is a number, or a name that begins with a letter."),
        E("supplementary-groups", SupplementaryGroups, supplementary_groups,
          "SupplementaryGroups= holds numbers, and names that begin with a letter."),
        E("supplementary-mapped", SupplementaryGroups, supplementary_mapped,
          "They must exist in the user namespace, too."),
        E("user-mapped", User, user_mapped,
          "User= must exist in the user namespace: PrivateUsers=self has root alone."),
        E("group-mapped", Group, group_mapped, "The same holds for Group=."),
        E("working-directory", WorkingDirectory, working_directory,
          "WorkingDirectory= cannot lie below /proc, /sys or /dev."),
        E("pass-environment", PassEnvironment, pass_environment,
          "PassEnvironment= holds names of variables, without values."),
        E("private-mounts", PrivateMounts, private_mounts, "PrivateMounts=no is refused."),
        W("process-two", ProcessTwo, process_two,
          "ProcessTwo=no has no effect with PrivatePIDs=no."),
        E("hostname", Hostname, hostname, "Hostname= needs ProtectHostname=yes."),
        E("domainname", Domainname, domainname, "Domainname= needs ProtectHostname=yes."),
        E("uid-map-users", UIDMap, id_map_users, "UIDMap= cannot stand beside PrivateUsers=."),
        E("uid-map-root", UIDMap, id_map_root, "UIDMap= must map id 0."),
        E("uid-map-overlap", UIDMap, id_map_overlap,
          "Ranges of UIDMap= may not overlap, neither inside nor outside."),
        E("uid-map-count", UIDMap, id_map_count, "UIDMap= has at most 340 ranges."),
        E("gid-map-users", GIDMap, id_map_users, "The same holds for GIDMap=."),
        E("gid-map-root", GIDMap, id_map_root, "GIDMap= must map id 0."),
        E("gid-map-overlap", GIDMap, id_map_overlap, "Its ranges may not overlap either."),
        E("gid-map-count", GIDMap, id_map_count, "GIDMap= has at most 340 ranges."),
        E("join-unit", JoinsNamespaceOf, join_unit, "JoinsNamespaceOf= is the name of a sandbox."),
        W("join-namespaces", JoinNamespaces, join_namespaces,
          "JoinNamespaces= needs JoinsNamespaceOf=."),
        E("join-twice", JoinNamespaces, join_twice,
          "A kind of namespaces is joined by JoinsNamespaceOf= or by a path, not by both."),
        E("join-own", JoinNamespaces, join_own,
          "What is joined contradicts PrivateNetwork=no and its like."),
        E("join-users", UserNamespacePath, join_users,
          "A joined user namespace cannot stand beside PrivateUsers=, UIDMap= and GIDMap=."),
        E("join-names", UTSNamespacePath, join_names,
          "A joined UTS namespace cannot stand beside Hostname= and Domainname=."),
        E("join-offsets", TimeNamespacePath, join_offsets,
          "A joined time namespace cannot stand beside the time offsets."),
        E("join-mounts", MountNamespacePath, join_mounts,
          "A joined mount namespace cannot stand beside any directive about root and files."),
        E("private-time", PrivateTime, private_time,
          "The time offsets imply PrivateTime=yes and contradict PrivateTime=no."),
        E("root-or-layers", RootDirectory, root_or_layers,
          "RootDirectory= and Layers= cannot be used together."),
        E("root-image-alone", RootImage, root_image_alone,
          "RootImage= cannot be used together with RootDirectory= or Layers=."),
        E("layer-names", Layers, layer_names, "Layers= holds names, each once, and no paths."),
        E("layer-count", Layers, layer_count, "There are at most 499 layers."),
        E("overlay-size", OverlaySizeMax, overlay_size,
          "OverlaySizeMax= has no meaning with RootUpper=none."),
        E("bind-destination", BindPaths, bind_destination,
          "Nothing can be mounted at or below /proc, /sys, /dev/pts and /dev/mqueue, or at /dev."),
        E("bind-read-only-destination", BindReadOnlyPaths, bind_read_only_destination,
          "The same holds for BindReadOnlyPaths=."),
        E("tmpfs-destination", TemporaryFileSystem, tmpfs_destination,
          "The same holds for TemporaryFileSystem=."),
        E("destination-twice", BindPaths, destination_twice,
          "Two mounts at one place inside are refused."),
        E("inaccessible-root", InaccessiblePaths, inaccessible_root,
          "InaccessiblePaths= cannot hold the root itself."),
        W("read-write-alone", ReadWritePaths, read_write_alone,
          "ReadWritePaths= has no effect without ReadOnlyPaths=."),
        W("exec-alone", ExecPaths, exec_alone, "ExecPaths= has no effect without NoExecPaths=."),
        E("ambient", AmbientCapabilities, ambient,
          "AmbientCapabilities= must be a part of CapabilityBoundingSet=."),
        E("restrict-namespaces", RestrictNamespaces, namespace_words,
          "In RestrictNamespaces=, yes and no cannot stand behind a ~."),
        E("restrict-families", RestrictAddressFamilies, family_words,
          "In RestrictAddressFamilies=, none cannot stand behind a ~."),
        E("architectures", SystemCallArchitectures, architecture_words,
          "SystemCallArchitectures= takes no ~."),
        E("write-execute", MemoryDenyWriteExecute, write_execute,
          "MemoryDenyWriteExecute= cannot be kept up with x86 in SystemCallArchitectures=."),
        W("port-network", PORT_Listen, port_network,
          "[Port] needs PrivateNetwork=yes; with the host's network nothing is forwarded."),
        E("port-listen", PORT_Listen, port_listen, "Each [Port NAME] needs Listen=."),
        E("port-target", PORT_Target, port_target, "A Listen= that is a path needs Target=."),
        E("port-range", PORT_Target, port_range,
          "A range of ports in Target= is as long as that of Listen=."),
        E("port-twice", PORT_Listen, port_twice, "No two ports listen on the same address."),
        E("delegate-words", Delegate, delegate_words, "Delegate= takes no ~."),
        E("delegate-namespaces", Delegate, delegate_namespaces,
          "Delegate= needs a cgroup namespace of its own and a mount namespace that is not "
          "joined."),
        E("delegate-view", Delegate, delegate_view,
          "Delegate= contradicts ReadOnlyPaths= and InaccessiblePaths= that hold /sys/fs/cgroup."),
        E("best-effort", BestEffort, best_effort, "BestEffort= holds names of limits."),
        E("wanted-by", WantedBy, wanted_by, "WantedBy= holds names of units."),
};
const size_t n_rules = ELEMENTS(rule_table);

int spec_check(const Spec *spec, DiagList *diags) {
        assert(spec);
        assert(diags);

        for (size_t i = 0; i < n_rules; i++) {
                int r = rule_table[i].check(&rule_table[i], spec, diags);

                if (r < 0) {
                        return r;
                }
        }
        return 0;
}
