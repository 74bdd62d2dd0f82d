/*
 * The recorder: listens to capture and notes one local transaction as the entry to be queued.
 *
 * Each changed row is encoded as it is captured: its lines, with a place left for each base; what
 * was there before; the stamp it is to get. The commit (commit.h) puts the entry together. One
 * recorder serves one replica, one transaction after the other.
 */
#ifndef TRN_ENGINE_ENTRY_H
#define TRN_ENGINE_ENTRY_H

#include "engine/engine.h"
#include "engine/touches.h"
#include "store/capture.h"

/* A row that a noted one references; repeats are left out as far as that is cheap. */
struct trn_noted_reference {
    const struct trn_table *table;
    tern_id id;
};

enum { TRN_REFERENCES_RECENT = 64 };

struct trn_recorder {
    const struct trn_engine *engine;
    struct trn_capture_listener listener;
    bool inferred; /* the transaction's own word */
    bool undo;     /* what changes now takes a recorded act back */
    bool stamped;
    struct trn_meta meta;       /* as of the stamp, its clock moved on */
    struct trn_reading reading; /* at the stamp */
    int64_t time_us;
    int64_t key;
    struct trn_touches touches;
    struct trn_bytes text;     /* lines */
    struct trn_bytes lines;    /* struct trn_noted_line */
    struct trn_bytes undo_log; /* undo records, one a touch */
    struct trn_bytes versions;
    struct trn_bytes references; /* struct trn_noted_reference */
    struct trn_noted_reference recent[TRN_REFERENCES_RECENT];
    struct trn_change change; /* being written */
};

void trn_recorder_init(struct trn_recorder *recorder, const struct trn_engine *engine);
void trn_recorder_free(struct trn_recorder *recorder);

/* Inside a tx of the store: starts capture. */
void trn_recorder_start(struct trn_recorder *recorder, bool inferred);
/* Stops capture and forgets what was noted. */
void trn_recorder_stop(struct trn_recorder *recorder);

/* ---- For the commit ---- */

/* Appends the line of `recorder->change` to `text` and notes where its base stands. */
tern_status trn_recorder_write_line(struct trn_recorder *recorder,
                                    struct trn_bytes *text,
                                    struct trn_bytes *lines,
                                    int64_t base_key,
                                    tern_error *error);
/* Sets `recorder->change` to the operation on the unit, with the columns that it carries. */
void trn_recorder_set_change(struct trn_recorder *recorder,
                             enum trn_operation operation,
                             const struct trn_table *table,
                             const struct trn_row *row,
                             size_t unit);
/* The version of an inserted row, all of it by this tx. `undone` units are a person's act. */
struct trn_version trn_recorder_insert_version(const struct trn_recorder *recorder,
                                               const struct trn_table *table,
                                               const struct trn_row *row,
                                               uint16_t undone);
/* Which of the units that change are inferred over recorded ones; sets the version of them all. */
uint16_t trn_recorder_update_version(const struct trn_recorder *recorder,
                                     const struct trn_table *table,
                                     const struct trn_row *row,
                                     uint16_t units,
                                     uint16_t undone,
                                     struct trn_version *version);

#endif
