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

enum { TRN_FORMAT_ALTERNATIVES_MAX = 4, TRN_FORMAT_PATTERNS_MAX = 12 };

/* Both lists end with NULL. */
struct trn_format_alternative {
    const char *like[TRN_FORMAT_PATTERNS_MAX];
    const char *unlike[TRN_FORMAT_PATTERNS_MAX];
};

struct trn_format_rule {
    struct trn_format_alternative alternatives[TRN_FORMAT_ALTERNATIVES_MAX];
    size_t count;
};

const struct trn_format_rule *trn_format_rule(enum trn_format format);

/* What SQLite's `text GLOB pattern` says, for patterns of ASCII: `*`, `?`, `[a-z]`, `[^a-z]`. */
bool trn_glob(const char *pattern, struct trn_slice text);

/* Whether the valid UTF-8 text has the format. */
bool trn_format_fits(enum trn_format format, struct trn_slice text);

#endif
