/*
 * A place in a document under way: the JSON value there, and the way to it for messages.
 *
 * Nodes live on the stack of the function that stepped down and borrow the JSON tree. Each reading
 * function either fills its result or fails with TERN_ERR_SCHEMA naming the place.
 */
#ifndef TRN_SCHEMA_NODE_H
#define TRN_SCHEMA_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"
#include "schema/arena.h"

struct trn_node {
    const struct trn_node *up; /* NULL: the whole document */
    const char *key;           /* of an object's member; NULL: an array's item */
    size_t index;
    json_t *json;
};

/* What all reading functions need. */
struct trn_reader {
    struct trn_arena *arena;
    tern_error *error;
};

/* "<pointer>: <reason>" */
TERN_MUST_USE tern_status trn_node_fail(const struct trn_reader *reader,
                                        const struct trn_node *node,
                                        const char *format,
                                        ...) __attribute__((format(printf, 3, 4)));

/* An object with none but the keys listed (the list ends with NULL). */
TERN_MUST_USE tern_status trn_node_object(const struct trn_reader *reader,
                                          const struct trn_node *node,
                                          const char *const *keys);
/* An array of `min` to `max` items. */
TERN_MUST_USE tern_status trn_node_array(const struct trn_reader *reader,
                                         const struct trn_node *node,
                                         size_t min,
                                         size_t max,
                                         size_t *ret_count);

/* Steps down to a member; false if it is absent. */
bool trn_node_member(const struct trn_node *node, const char *key, struct trn_node *ret_member);
/* The same; fails if it is absent. */
TERN_MUST_USE tern_status trn_node_need(const struct trn_reader *reader,
                                        const struct trn_node *node,
                                        const char *key,
                                        struct trn_node *ret_member);
struct trn_node trn_node_item(const struct trn_node *node, size_t index);

/* A text without zero bytes, borrowed from the tree. */
TERN_MUST_USE tern_status trn_node_text(const struct trn_reader *reader,
                                        const struct trn_node *node,
                                        const char **ret_text);
/* A name of ours: a lower-case letter, then lower-case letters, digits and _, at most 48. Copied
 * into the arena. */
TERN_MUST_USE tern_status trn_node_name(const struct trn_reader *reader,
                                        const struct trn_node *node,
                                        const char **ret_name);
/* A name of the server's: letters of either case, digits and _, at most 63. Copied. */
TERN_MUST_USE tern_status trn_node_identifier(const struct trn_reader *reader,
                                              const struct trn_node *node,
                                              const char **ret_name);
TERN_MUST_USE tern_status trn_node_integer(const struct trn_reader *reader,
                                           const struct trn_node *node,
                                           int64_t min,
                                           int64_t max,
                                           int64_t *ret_integer);
TERN_MUST_USE tern_status trn_node_number(const struct trn_reader *reader,
                                          const struct trn_node *node,
                                          double *ret_number);
/* The member as a bool; `*value` stays as it was if there is none. */
TERN_MUST_USE tern_status trn_node_flag(const struct trn_reader *reader,
                                        const struct trn_node *node,
                                        const char *key,
                                        bool *value);
/* The member as a count of 0 to `max`; `*value` stays as it was if there is none. */
TERN_MUST_USE tern_status trn_node_count(const struct trn_reader *reader,
                                         const struct trn_node *node,
                                         const char *key,
                                         uint32_t max,
                                         uint32_t *value);
/* The member as a version, 1 to `max`; `*value` stays as it was if there is none. */
TERN_MUST_USE tern_status trn_node_version(const struct trn_reader *reader,
                                           const struct trn_node *node,
                                           const char *key,
                                           uint32_t max,
                                           uint32_t *value);
/* One of the words (the list ends with NULL): its index. */
TERN_MUST_USE tern_status trn_node_word(const struct trn_reader *reader,
                                        const struct trn_node *node,
                                        const char *const *words,
                                        size_t *ret_index);

/* Room of the arena, zeroed; NULL, with TERN_ERR_NOMEM noted, when memory ran out. */
void *trn_reader_take(const struct trn_reader *reader, size_t count, size_t size);
TERN_MUST_USE tern_status trn_reader_copy(const struct trn_reader *reader,
                                          const char *text,
                                          const char **ret_copy);

#endif
