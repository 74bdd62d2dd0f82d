/* Ways of noticing, encoding and stamping what a transaction wrote, behind one interface. */
#ifndef CHOICES_CAPTURE_H
#define CHOICES_CAPTURE_H

#include "tests/bench/choices/dose.h"

enum capture_kind {
    PLAIN,
    PLAIN_GUARDED,
    TRIGGER_OUTBOX,
    HOOK,
    HOOK_COMPARE,
    SECOND,
    SECOND_NEW_SIZE,
    SECOND_RANGE,
    SECOND_BLOB,
    REWRITE,
    TEMP_TRIGGER,
    SESSION,
    GENERATED,
    GENERATED_NESTED,
    GENERATED_PACKED,
    GENERATED_DIGEST,
    GENERATED_SAVEPOINT,
    CAPTURE_KINDS
};

extern const char *const CAPTURE_NAMES[CAPTURE_KINDS];

struct capture;

/* A new file with an empty dose_events, its indexes, and what the kind needs beside them. */
struct capture *capture_open(enum capture_kind kind, const char *path);
void capture_close(struct capture *capture, const char *path);
sqlite3 *capture_db(struct capture *capture);
void capture_begin(struct capture *capture);
void capture_commit(struct capture *capture);
void capture_insert(struct capture *capture, const struct dose *dose);
void capture_update(struct capture *capture, const struct dose *dose, const char *status);
void capture_delete(struct capture *capture, const struct dose *dose);

#endif
