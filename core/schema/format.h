/*
 * The closed list of formats, each as GLOB patterns.
 *
 * SQLite's CHECKs, PostgreSQL's and the checker in C are made of the same patterns, so they cannot
 * disagree. A text has the format if it fits one alternative: all of its `like`, none of its
 * `unlike`. Formats are shapes: an address of the right shape need not exist.
 */
#ifndef TRN_SCHEMA_FORMAT_H
#define TRN_SCHEMA_FORMAT_H

#include "base/bytes.h"
#include "model/schema.h"

enum { TRN_FORMAT_ALTERNATIVES_MAX = 4 };

/* Lists of patterns, each with a zero behind it, and an empty one at the end: an array of pointers
 * would take many times the room in the library, which has to place each as it is loaded. */
struct trn_format_alternative {
    const char *like;
    const char *unlike;
};

struct trn_format_rule {
    struct trn_format_alternative alternatives[TRN_FORMAT_ALTERNATIVES_MAX];
    size_t count;
};

const struct trn_format_rule *trn_format_rule(enum trn_format format);

/* The pattern behind this one in its list. */
const char *trn_format_next(const char *pattern);

/* What SQLite's `text GLOB pattern` says, for patterns of ASCII: `*`, `?`, `[a-z]`, `[^a-z]`. */
bool trn_glob(const char *pattern, struct trn_slice text);

/* Whether the valid UTF-8 text has the format. */
bool trn_format_fits(enum trn_format format, struct trn_slice text);

#endif
