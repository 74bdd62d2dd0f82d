/*
 * Requests made by hand as docs/WIRE.md says, for what must not cost a replica: filling a server,
 * and many devices at once.
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include "tests/bench/doses.h"

/* One device that pushes; its txs count on. */
struct bench_device {
    tern_id id;
    uint64_t seed;
    int64_t ordinal;
    tern_id last_tx;
};

struct bench_text {
    char *data;
    size_t size;
    size_t room;
};

void bench_text_format(struct bench_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void bench_text_append(struct bench_text *text, const char *data, size_t size);
void bench_text_free(struct bench_text *text);

void bench_device_make(uint64_t seed, struct bench_device *ret_device);

/* Appends `["@",...]` and the first line of an entry by the device, which counts it. */
void bench_wire_entry(struct bench_text *lines, struct bench_device *device);
/* Appends an insert. `names` and `cells` are the columns that are not left to their defaults; id is
 * apart. */
void bench_wire_insert(struct bench_text *lines,
                       const char *table,
                       const tern_id *id,
                       const char *const *names,
                       const tern_value *cells,
                       size_t count);
/* The record's users row and, where it has a doctor, the accepted connection. */
void bench_wire_people(struct bench_text *lines, const struct bench_record *record);
void bench_wire_user(struct bench_text *lines, const tern_id *user, const char *role);
void bench_wire_parents(struct bench_text *lines, const struct bench_record *record);
void bench_wire_dose(struct bench_text *lines, const struct bench_dose *dose);
/* Replaces `body` by the whole request: envelope, `lines` holding `txs` entries, end line. `rows`
 * is the page asked for, from `cursor` on (NULL: the beginning). */
void bench_wire_request(struct bench_text *body,
                        const struct bench_device *device,
                        const struct bench_text *lines,
                        size_t txs,
                        size_t rows,
                        const char *cursor);

#endif
