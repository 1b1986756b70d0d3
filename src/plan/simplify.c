/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernel checks, translates and compiles a filter with each start, and runs it with each call:
 * both take as long as it is. What libseccomp makes tests one bit or one number after the other,
 * and loads again what is loaded. Here the program becomes a graph of tests, alike tests become
 * one, what only compares a word becomes a search tree, and the graph becomes a program again. Each
 * rule keeps what the graph decides; a program that is not understood in full stays as it is. */

#include "plan/simplify.h"

#include <linux/filter.h>
#include <linux/seccomp.h>

#define NODES_MAX 8192
#define TABLE_SIZE (NODES_MAX * 2)
#define STEPS_MAX 65536
#define WHOLE UINT32_MAX
/* A conditional jump reaches 255; two long jumps may come to stand in between. */
#define REACH 250u

typedef enum Kind {
        NODE_RETURN, /* value */
        NODE_EQUAL,  /* (word & mask) == value */
        NODE_ANY,    /* (word & mask) != 0 */
        NODE_LEAST,  /* word >= value; the mask is whole */
} Kind;

/* Made after the two that it leads to, and never twice. */
typedef struct Node {
        Kind kind;
        uint32_t word; /* its offset */
        uint32_t mask, value;
        int yes, no;
} Node;

typedef struct Placed {
        bool done, loads; /* reached with something else in the register */
        uint32_t entry, core;
} Placed;

typedef struct Graph {
        const struct sock_filter *program;
        size_t n_program;
        size_t steps;
        struct {
                uint32_t word, mask;
                int node; /* 0: unknown */
        } seen[BPF_MAXINSNS];
        Node nodes[NODES_MAX]; /* from 1 on */
        int n;
        int table[TABLE_SIZE];
        int rebuilt[NODES_MAX];
        Placed placed[NODES_MAX];
        struct sock_filter out[BPF_MAXINSNS]; /* the last instruction first */
        size_t n_out;
        bool failed;
} Graph;

/* -- the graph -- */

static bool node_same(const Node *a, const Node *b) {
        return a->kind == b->kind && a->word == b->word && a->mask == b->mask &&
               a->value == b->value && a->yes == b->yes && a->no == b->no;
}

static int node_add(Graph *graph, Node node) {
        const uint32_t parts[] = {(uint32_t) node.kind, node.word,           node.mask,
                                  node.value,           (uint32_t) node.yes, (uint32_t) node.no};
        uint32_t hash = 2166136261u;

        for (size_t i = 0; i < ELEMENTS(parts); i++) {
                hash = (hash ^ parts[i]) * 16777619u;
                hash ^= hash >> 15;
        }
        for (hash %= TABLE_SIZE; graph->table[hash] != 0; hash = (hash + 1) % TABLE_SIZE) {
                if (node_same(&graph->nodes[graph->table[hash]], &node)) {
                        return graph->table[hash];
                }
        }
        if (graph->n + 1 >= NODES_MAX) {
                graph->failed = true;
                return 1;
        }
        graph->nodes[++graph->n] = node;
        graph->table[hash] = graph->n;
        return graph->n;
}

static bool is_bit(uint32_t mask) {
        return mask != 0 && (mask & (mask - 1)) == 0;
}

static int make_test(Graph *graph, Kind kind, uint32_t word, uint32_t mask, uint32_t value, int yes,
                     int no);

/* A test as "these bits of the word have this value": where to go then, and where otherwise. */
typedef struct View {
        uint32_t mask, value;
        int then, otherwise;
} View;

static size_t node_views(const Node *node, View views[2]) {
        size_t n = 0;

        if (node->kind == NODE_EQUAL) {
                views[n++] = (View){node->mask, node->value, node->yes, node->no};
        } else if (node->kind == NODE_ANY) {
                views[n++] = (View){node->mask, 0, node->no, node->yes};
                if (is_bit(node->mask)) {
                        views[n++] = (View){node->mask, node->mask, node->yes, node->no};
                }
        }
        return n;
}

/* Two that both must hold, with one way out where either does not, are one. 0: they are not. */
static int join_both(Graph *graph, const Node *node) {
        View first[2], second[2];
        size_t n = node_views(node, first);

        for (size_t i = 0; i < n; i++) {
                const Node *next = &graph->nodes[first[i].then];
                size_t m = next->word == node->word ? node_views(next, second) : 0;

                for (size_t k = 0; k < m; k++) {
                        if (first[i].otherwise != second[k].otherwise) {
                                continue;
                        }
                        if ((first[i].value & second[k].mask) !=
                            (second[k].value & first[i].mask)) {
                                return first[i].otherwise;
                        }
                        return make_test(graph, NODE_EQUAL, node->word,
                                         first[i].mask | second[k].mask,
                                         first[i].value | second[k].value, second[k].then,
                                         first[i].otherwise);
                }
        }
        return 0;
}

/* (word & mask) == value, once it is known whether a bit of the mask is set. */
static int equal_given(Graph *graph, const Node *node, uint32_t bit, bool set, int no) {
        if (((node->value & bit) != 0) != set) {
                return no;
        }
        return make_test(graph, NODE_EQUAL, node->word, node->mask & ~bit, node->value & ~bit,
                         node->yes, no);
}

/* Not by make_test(), which might make of the two the one again. */
static int split_at(Graph *graph, const Node *node, uint32_t bit, int no_if_set, int no_if_not) {
        int yes = equal_given(graph, node, bit, true, no_if_set);
        int no = equal_given(graph, node, bit, false, no_if_not);

        return yes == no ? yes : node_add(graph, (Node){NODE_ANY, node->word, bit, 0, yes, no});
}

/* Where tests of several bits follow each other, those with a bit in common are asked for this bit
 * once; what is left of them has a bit less. 0: nothing in common. */
static int part_by_bit(Graph *graph, const Node *node) {
        Node next = graph->nodes[node->no];
        uint32_t common = node->mask & next.mask;

        if (next.word != node->word || node->mask == WHOLE) {
                return 0;
        }
        if (next.kind == NODE_ANY && is_bit(next.mask) && common != 0) {
                return split_at(graph, node, next.mask, next.yes, next.no);
        }
        if (next.kind == NODE_EQUAL && next.mask != node->mask && next.mask != WHOLE &&
            next.yes == node->yes && common != 0) {
                uint32_t bit = common & (~common + 1);
                int yes = equal_given(graph, &next, bit, true, next.no);
                int no = equal_given(graph, &next, bit, false, next.no);

                return split_at(graph, node, bit, yes, no);
        }
        return 0;
}

static int make_equal(Graph *graph, const Node *node) {
        int r;

        if ((node->value & ~node->mask) != 0) {
                return node->no;
        }
        if (node->mask == 0) {
                return node->yes;
        }
        if (node->value == 0 && node->mask != WHOLE) {
                return make_test(graph, NODE_ANY, node->word, node->mask, 0, node->no, node->yes);
        }
        if (is_bit(node->mask)) {
                return make_test(graph, NODE_ANY, node->word, node->mask, 0, node->yes, node->no);
        }
        r = part_by_bit(graph, node);
        r = r != 0 ? r : join_both(graph, node);
        return r != 0 ? r : node_add(graph, *node);
}

static int make_any(Graph *graph, const Node *node) {
        const Node *next = &graph->nodes[node->no];
        int r;

        if (node->mask == 0) {
                return node->no;
        }
        if (next->kind == NODE_ANY && next->word == node->word && next->yes == node->yes) {
                return make_test(graph, NODE_ANY, node->word, node->mask | next->mask, 0, node->yes,
                                 next->no);
        }
        r = join_both(graph, node);
        return r != 0 ? r : node_add(graph, *node);
}

static int make_test(Graph *graph, Kind kind, uint32_t word, uint32_t mask, uint32_t value, int yes,
                     int no) {
        const Node node = {kind, word, mask, value, yes, no};

        if (yes == no || graph->failed) {
                return yes;
        }
        switch (kind) {
        case NODE_EQUAL:
                return make_equal(graph, &node);
        case NODE_ANY:
                return make_any(graph, &node);
        default:
                return value == 0 ? yes : node_add(graph, node);
        }
}

/* -- from a program -- */

static int read_from(Graph *graph, size_t at, uint32_t word, uint32_t mask);

static int read_jump(Graph *graph, size_t at, uint32_t word, uint32_t mask) {
        const struct sock_filter *jump = &graph->program[at];
        int yes = read_from(graph, at + 1 + jump->jt, word, mask);
        int no = read_from(graph, at + 1 + jump->jf, word, mask);

        switch (jump->code) {
        case BPF_JMP | BPF_JEQ | BPF_K:
                return make_test(graph, NODE_EQUAL, word, mask, jump->k, yes, no);
        case BPF_JMP | BPF_JSET | BPF_K:
                return make_test(graph, NODE_ANY, word, mask & jump->k, 0, yes, no);
        case BPF_JMP | BPF_JGE | BPF_K:
        case BPF_JMP | BPF_JGT | BPF_K:
                break;
        default:
                graph->failed = true;
                return 1;
        }
        if (mask != WHOLE) {
                graph->failed = true;
                return 1;
        }
        if (jump->code == (BPF_JMP | BPF_JGE | BPF_K)) {
                return make_test(graph, NODE_LEAST, word, mask, jump->k, yes, no);
        }
        return jump->k == UINT32_MAX
                       ? no
                       : make_test(graph, NODE_LEAST, word, mask, jump->k + 1, yes, no);
}

/* What follows from an instruction on, with word & mask in the register. Jumps lead forward only:
 * it comes to an end. */
static int read_from(Graph *graph, size_t at, uint32_t word, uint32_t mask) {
        for (; at < graph->n_program && graph->steps++ < STEPS_MAX && !graph->failed; at++) {
                const struct sock_filter *now = &graph->program[at];
                int node;

                switch (now->code) {
                case BPF_LD | BPF_W | BPF_ABS:
                        word = now->k;
                        mask = WHOLE;
                        continue;
                case BPF_ALU | BPF_AND | BPF_K:
                        mask &= now->k;
                        continue;
                case BPF_JMP | BPF_JA:
                        at += MIN((size_t) now->k, graph->n_program);
                        continue;
                case BPF_RET | BPF_K:
                        return node_add(graph, (Node){NODE_RETURN, 0, 0, now->k, 0, 0});
                default:
                        break;
                }
                if (graph->seen[at].node != 0 && graph->seen[at].word == word &&
                    graph->seen[at].mask == mask) {
                        return graph->seen[at].node;
                }
                node = read_jump(graph, at, word, mask);
                graph->seen[at].word = word;
                graph->seen[at].mask = mask;
                graph->seen[at].node = node;
                return node;
        }
        graph->failed = true;
        return 1;
}

/* -- search trees -- */

static bool compares(const Node *node, uint32_t word) {
        return node->word == word &&
               (node->kind == NODE_LEAST || (node->kind == NODE_EQUAL && node->mask == WHOLE));
}

/* The numbers from which on the outcome may be another one. */
typedef struct Ranges {
        uint32_t *starts;
        int *exits;
        size_t n, allocated;
} Ranges;

static void ranges_done(Ranges *ranges) {
        free(ranges->starts);
        free(ranges->exits);
}

static int by_number(const void *a, const void *b) {
        uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;

        return (x > y) - (x < y);
}

static void ranges_collect(Graph *graph, int index, uint32_t word, bool *seen, Ranges *ranges) {
        const Node *node = &graph->nodes[index];

        if (!compares(node, word) || seen[index]) {
                return;
        }
        seen[index] = true;
        ranges->starts[ranges->n++] = node->value;
        if (node->kind == NODE_EQUAL && node->value != UINT32_MAX) {
                ranges->starts[ranges->n++] = node->value + 1;
        }
        ranges_collect(graph, node->yes, word, seen, ranges);
        ranges_collect(graph, node->no, word, seen, ranges);
}

static int exit_of(const Graph *graph, int index, uint32_t word, uint32_t number) {
        for (const Node *node = &graph->nodes[index]; compares(node, word);
             node = &graph->nodes[index]) {
                bool yes = node->kind == NODE_EQUAL ? number == node->value : number >= node->value;

                index = yes ? node->yes : node->no;
        }
        return index;
}

static int make_tree(Graph *graph, uint32_t word, const uint32_t *starts, const int *exits,
                     size_t n) {
        size_t middle = n / 2;
        int yes, no;

        if (n == 1) {
                return exits[0];
        }
        if (n == 3 && exits[0] == exits[2] && starts[2] == starts[1] + 1) {
                return make_test(graph, NODE_EQUAL, word, WHOLE, starts[1], exits[1], exits[0]);
        }
        no = make_tree(graph, word, starts, exits, middle);
        yes = make_tree(graph, word, starts + middle, exits + middle, n - middle);
        return make_test(graph, NODE_LEAST, word, WHOLE, starts[middle], yes, no);
}

static int rebuild(Graph *graph, int index);

static int rebuild_tree(Graph *graph, int index) {
        _cleanup_(ranges_done) Ranges ranges = {};
        _cleanup_free_ bool *seen = calloc((size_t) graph->n + 1, sizeof(*seen));
        uint32_t word = graph->nodes[index].word;
        size_t n = 0, most = 2 * (size_t) graph->n + 1;

        ranges.starts = calloc(most, sizeof(*ranges.starts));
        ranges.exits = calloc(most, sizeof(*ranges.exits));
        if (!seen || !ranges.starts || !ranges.exits) {
                graph->failed = true;
                return index;
        }
        ranges.n = 1; /* from 0 on */
        ranges_collect(graph, index, word, seen, &ranges);
        qsort(ranges.starts, ranges.n, sizeof(*ranges.starts), by_number);
        for (size_t i = 0; i < ranges.n; i++) {
                int exit = rebuild(graph, exit_of(graph, index, word, ranges.starts[i]));

                if (n == 0 || exit != ranges.exits[n - 1]) {
                        ranges.starts[n] = ranges.starts[i];
                        ranges.exits[n++] = exit;
                }
        }
        return make_tree(graph, word, ranges.starts, ranges.exits, n);
}

static int rebuild(Graph *graph, int index) {
        const Node node = graph->nodes[index];

        if (node.kind == NODE_RETURN || graph->failed) {
                return index;
        }
        if (graph->rebuilt[index] == 0) {
                int r;

                if (compares(&node, node.word)) {
                        r = rebuild_tree(graph, index);
                } else {
                        int yes = rebuild(graph, node.yes), no = rebuild(graph, node.no);

                        r = make_test(graph, node.kind, node.word, node.mask, node.value, yes, no);
                }
                graph->rebuilt[index] = r;
        }
        return graph->rebuilt[index];
}

/* -- to a program -- */

static uint32_t mask_in_register(const Node *node) {
        return node->kind == NODE_EQUAL ? node->mask : WHOLE;
}

/* Does the register hold behind the one what the other looks at? */
static bool register_fits(const Node *node, const Node *next) {
        return next->kind == NODE_RETURN ||
               (node->word == next->word && mask_in_register(node) == mask_in_register(next));
}

static void note_loads(Graph *graph, int index) {
        const Node *node = &graph->nodes[index];

        if (node->kind == NODE_RETURN || graph->placed[index].done) {
                return;
        }
        graph->placed[index].done = true;
        for (int i = 0; i < 2; i++) {
                int next = i == 0 ? node->yes : node->no;

                if (!register_fits(node, &graph->nodes[next])) {
                        graph->placed[next].loads = true;
                }
                note_loads(graph, next);
        }
}

static void put(Graph *graph, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k) {
        if (graph->n_out >= BPF_MAXINSNS) {
                graph->failed = true;
                return;
        }
        graph->out[graph->n_out++] = (struct sock_filter){code, jt, jf, k};
}

/* Where it is jumped to from what is put next, or one behind it. */
static uint32_t reach(Graph *graph, const Node *node, int next) {
        uint32_t at = register_fits(node, &graph->nodes[next]) ? graph->placed[next].core
                                                               : graph->placed[next].entry;

        if (graph->n_out - at > REACH) {
                put(graph, BPF_JMP | BPF_JA, 0, 0, (uint32_t) graph->n_out - at - 1);
                at = (uint32_t) graph->n_out - 1;
        }
        return at;
}

static void place_test(Graph *graph, const Node *node, Placed *placed) {
        static const uint16_t codes[] = {
                [NODE_EQUAL] = BPF_JMP | BPF_JEQ | BPF_K,
                [NODE_ANY] = BPF_JMP | BPF_JSET | BPF_K,
                [NODE_LEAST] = BPF_JMP | BPF_JGE | BPF_K,
        };
        uint32_t yes = reach(graph, node, node->yes), no = reach(graph, node, node->no);
        uint32_t here = (uint32_t) graph->n_out;

        put(graph, codes[node->kind], (uint8_t) (here - yes - 1), (uint8_t) (here - no - 1),
            node->kind == NODE_ANY ? node->mask : node->value);
        placed->core = here;
        if (placed->loads && mask_in_register(node) != WHOLE) {
                put(graph, BPF_ALU | BPF_AND | BPF_K, 0, 0, node->mask);
        }
        if (placed->loads) {
                put(graph, BPF_LD | BPF_W | BPF_ABS, 0, 0, node->word);
        }
}

/* Behind what it leads to, since jumps lead forward and the last is put first. */
static void place(Graph *graph, int index) {
        const Node *node = &graph->nodes[index];
        Placed *placed = &graph->placed[index];

        if (placed->done || graph->failed) {
                return;
        }
        placed->done = true;
        if (node->kind == NODE_RETURN) {
                placed->core = (uint32_t) graph->n_out;
                put(graph, BPF_RET | BPF_K, 0, 0, node->value);
        } else {
                place(graph, node->yes);
                place(graph, node->no);
                place_test(graph, node, placed);
        }
        placed->entry = (uint32_t) graph->n_out - 1;
}

static void write_out(Graph *graph, int root) {
        graph->placed[root].loads = true;
        note_loads(graph, root);
        for (int i = 1; i <= graph->n; i++) {
                graph->placed[i].done = false;
        }
        place(graph, root);
}

int filter_simplify(OpBlob *blob) {
        _cleanup_free_ Graph *graph = NULL;
        size_t n = blob->size / sizeof(struct sock_filter);
        struct sock_filter *program = (struct sock_filter *) (void *) blob->bytes;
        int root;

        assert(blob);

        if (n == 0 || n > BPF_MAXINSNS || blob->size % sizeof(struct sock_filter) != 0) {
                return 0;
        }
        graph = calloc(1, sizeof(*graph));
        if (!graph) {
                return -ENOMEM;
        }
        graph->program = program;
        graph->n_program = n;
        /* Before anything is loaded the register is 0, which is a word of which nothing is looked
         * at. */
        root = read_from(graph, 0, 0, 0);
        root = rebuild(graph, root);
        if (!graph->failed) {
                write_out(graph, root);
        }
        if (graph->failed || graph->n_out >= n) {
                return 0;
        }
        for (size_t i = 0; i < graph->n_out; i++) {
                program[i] = graph->out[graph->n_out - 1 - i];
        }
        blob->size = graph->n_out * sizeof(struct sock_filter);
        return 0;
}
