/* In one write transaction; ordinals rise, so what builds on an entry stays behind it. */
#include "engine/reissue.h"

#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/mutant.h"
#include "engine/issue.h"
#include "engine/keep.h"
#include "engine/lost.h"
#include "engine/rebase.h"
#include "engine/work_commit.h"

static const unsigned PARKED = 1U << TERN_ENTRY_QUARANTINED | 1U << TERN_ENTRY_LOCKED;
static const unsigned ALL = 0x1F;

/* From old ordinals to new ones, in rising order of both. */
struct reissued {
    struct reissued_pair {
        uint64_t old;
        uint64_t now;
    } * pairs;
    size_t count;
    size_t room;
};

struct reissuing {
    struct trn_work *work;
    bool discards;
    bool erased; /* the one under way, or what it builds on, is of an erased record */
    struct reissued done;
};

static uint64_t new_ordinal(const struct reissued *done, uint64_t old)
{
    for (size_t i = 0; i < done->count; i++) {
        if (done->pairs[i].old == old) {
            return done->pairs[i].now;
        }
    }
    return 0;
}

static tern_status note(struct reissued *done, uint64_t old, uint64_t now, tern_error *error)
{
    if (done->count == done->room) {
        size_t room = done->room == 0 ? 8 : done->room * 2;
        struct reissued_pair *pairs = trn_realloc(done->pairs, room * sizeof *pairs);

        if (pairs == NULL) {
            return trn_fail_nomem(error);
        }
        done->pairs = pairs;
        done->room = room;
    }
    done->pairs[done->count++] = (struct reissued_pair){old, now};
    return TERN_OK;
}

/* How a parked entry stands to those that are reissued. */
struct bond {
    bool builds;            /* on one of them */
    struct trn_entry needs; /* what it builds on and is not to be sent; ordinal 0: nothing */
};

static tern_status find_bond(struct reissuing *reissuing,
                             const struct trn_entry *entry,
                             struct bond *ret_bond,
                             tern_error *error)
{
    struct trn_store *store = reissuing->work->store;
    uint64_t *depends = NULL;
    size_t count = 0;
    tern_status status = trn_outbox_depends(store, entry->ordinal, NULL, 0, &count, error);

    *ret_bond = (struct bond){.builds = false};
    if (status != TERN_OK || count == 0) {
        return status;
    }
    depends = trn_calloc(count, sizeof *depends);
    if (depends == NULL) {
        return trn_fail_nomem(error);
    }
    status = trn_outbox_depends(store, entry->ordinal, depends, count, &count, error);
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        uint64_t now = new_ordinal(&reissuing->done, depends[i]);

        ret_bond->builds = ret_bond->builds || now != 0;
        if (!reissuing->discards) {
            status = trn_rebase_ask_blocker(reissuing->work,
                                            now != 0 ? now : depends[i],
                                            &ret_bond->needs,
                                            error);
        }
    }
    trn_free(depends);
    return status;
}

/* What is still to be decided before the new entry: earlier ones of the outbox, parked ones too
 * where it stays behind them, and those reissued before it. */
static tern_status map_depends(struct reissuing *reissuing,
                               const struct trn_entry_header *old,
                               struct trn_bytes *depends,
                               tern_error *error)
{
    const unsigned waiting = 1U << TERN_ENTRY_PENDING | PARKED;

    for (size_t i = 0; i < old->depends_count; i++) {
        uint64_t ordinal = new_ordinal(&reissuing->done, old->depends_on[i]);
        struct trn_entry entry = {0};

        if (ordinal == 0) {
            tern_status status =
                trn_outbox_find(reissuing->work->store, old->depends_on[i], waiting, &entry, error);

            if (status != TERN_OK) {
                return status;
            }
            ordinal = entry.ordinal == old->depends_on[i] && !trn_entry_kind_is_left(entry.kind)
                          ? entry.ordinal
                          : 0;
        }
        if (ordinal != 0 && trn_bytes_append(depends, &ordinal, sizeof ordinal) != TERN_OK) {
            return trn_fail_nomem(error);
        }
    }
    return TERN_OK;
}

static tern_status copy_changes(struct reissuing *reissuing,
                                struct trn_entry_reader *reader,
                                struct trn_line_writer *writer,
                                tern_error *error)
{
    struct trn_change change;
    bool any = true;
    tern_status status = TERN_OK;

    for (;;) {
        status = trn_entry_next(reader, &any, &change, error);
        if (status != TERN_OK || !any) {
            return status;
        }
        if (change.base < 0 && new_ordinal(&reissuing->done, (uint64_t)-change.base) != 0) {
            change.base = -(int64_t)new_ordinal(&reissuing->done, (uint64_t)-change.base);
        }
        status = trn_entry_write_change(writer, &change, error);
        if (status != TERN_OK) {
            return status;
        }
    }
}

static tern_status rewrite(struct reissuing *reissuing,
                           struct trn_entry_reader *reader,
                           const struct trn_entry *entry,
                           struct trn_bytes *body,
                           struct trn_bytes *depends,
                           tern_error *error)
{
    struct trn_entry_header header = reader->header;
    struct trn_line_writer writer;
    tern_status status =
        reissuing->discards ? TERN_OK : map_depends(reissuing, &reader->header, depends, error);

    if (status != TERN_OK) {
        return status;
    }
    header.ordinal = entry->ordinal;
    header.tx = entry->tx;
    header.time_us = entry->time_us;
    header.kind = (enum trn_entry_kind)entry->kind;
    header.schema_version = entry->schema_version;
    if (TRN_MUTANT(RETRY_EPOCH_NEW)) {
        memcpy(header.epoch, reissuing->work->meta.epoch, sizeof header.epoch);
    }
    header.depends_on = (const uint64_t *)(const void *)depends->data;
    header.depends_count = depends->size / sizeof(uint64_t);
    trn_line_writer_open(&writer, body);
    status = trn_entry_write_header(&writer, &header, error);
    return status == TERN_OK ? copy_changes(reissuing, reader, &writer, error) : status;
}

/* Tried again, what is left of a transaction is a transaction as any other. */
static enum trn_entry_kind kind_of(const struct reissuing *reissuing, const struct trn_entry *old)
{
    if (reissuing->discards) {
        return TRN_ENTRY_DISCARDED;
    }
    return trn_entry_kind_is_inferred(old->kind) && !TRN_MUTANT(RETRY_RECORDED)
               ? TRN_ENTRY_INFERRED
               : TRN_ENTRY_RECORDED;
}

/* One that `needs` what stays parked is not sent, and names what is by its new ordinals. */
static tern_status reissue(struct reissuing *reissuing,
                           const struct trn_entry *old,
                           struct trn_slice old_body,
                           const struct trn_entry *needs,
                           tern_error *error)
{
    struct trn_work *work = reissuing->work;
    enum trn_entry_kind kind = kind_of(reissuing, old);
    struct trn_entry_reader reader;
    struct trn_entry entry = {0};
    struct trn_bytes body = {0};
    struct trn_bytes depends = {0};
    tern_status status = trn_entry_open(&reader, work->engine->schema, old_body, error);

    if (status == TERN_OK) {
        status = trn_issue_name(work, kind, old->change_count, &entry, error);
    }
    if (status == TERN_OK) { /* first, for a base may be the transaction itself */
        status = note(&reissuing->done, old->ordinal, entry.ordinal, error);
    }
    if (status == TERN_OK) {
        status = rewrite(reissuing, &reader, &entry, &body, &depends, error);
    }
    if (status == TERN_OK && needs->ordinal != 0) {
        entry.state = old->state;
        entry.number = old->number;
    }
    if (status == TERN_OK) {
        status = trn_issue_queue(work,
                                 &entry,
                                 trn_bytes_slice(&body),
                                 (const uint64_t *)(const void *)depends.data,
                                 depends.size / sizeof(uint64_t),
                                 error);
    }
    if (status == TERN_OK && needs->ordinal != 0) {
        status = trn_rebase_park_behind(work, &entry, needs, error);
    }
    trn_entry_close(&reader);
    trn_bytes_free(&body);
    trn_bytes_free(&depends);
    return status;
}

/* Whether the entry was locked for an erasure, or builds on one that was. */
static tern_status
is_erased(struct trn_work *work, const struct trn_entry *entry, bool *ret_erased, tern_error *error)
{
    struct trn_entry at = *entry;
    bool further = true;
    tern_status status = TERN_OK;

    while (further && at.reason != TERN_ERR_ERASED && at.waits_for != 0 && status == TERN_OK) {
        uint64_t needed = at.waits_for;

        status = trn_outbox_find(work->store, needed, PARKED, &at, error);
        further = at.ordinal == needed;
    }
    *ret_erased = further && at.reason == TERN_ERR_ERASED;
    return status;
}

/* The same of one that may build on one that is gone already: dropped, where it has no new name. */
static tern_status
find_erased(struct reissuing *reissuing, const struct trn_entry *entry, tern_error *error)
{
    uint64_t now = new_ordinal(&reissuing->done, entry->waits_for);

    if (now == 0) {
        return is_erased(reissuing->work, entry, &reissuing->erased, error);
    }
    reissuing->erased = entry->reason == TERN_ERR_ERASED || now == entry->waits_for;
    return TERN_OK;
}

/* The server would keep nothing of it, so nothing is told of it. */
static tern_status drop(struct reissuing *reissuing, const struct trn_entry *old, tern_error *error)
{
    tern_status status = trn_outbox_remove(reissuing->work->store, old->ordinal, error);

    return status == TERN_OK ? note(&reissuing->done, old->ordinal, old->ordinal, error) : status;
}

static tern_status replace(struct reissuing *reissuing,
                           const struct trn_entry *old,
                           const struct trn_entry *needs,
                           tern_error *error)
{
    struct trn_bytes body = {0};
    tern_status status;

    if ((reissuing->discards && reissuing->erased) ||
        (TRN_MUTANT(RETRY_DEPENDENTS_LOST) && reissuing->done.count > 0)) {
        return drop(reissuing, old, error);
    }
    status = trn_keep_body(reissuing->work->store, old->ordinal, &body, error);

    if (status == TERN_OK) {
        status = reissue(reissuing, old, trn_bytes_slice(&body), needs, error);
    }
    trn_bytes_free(&body);
    return status == TERN_OK ? trn_outbox_remove(reissuing->work->store, old->ordinal, error)
                             : status;
}

static tern_status
find_parked(struct trn_work *work, uint64_t ordinal, struct trn_entry *ret_entry, tern_error *error)
{
    tern_status status =
        ordinal == 0 ? TERN_OK : trn_outbox_next(work->store, ordinal - 1, ALL, ret_entry, error);

    if (status != TERN_OK) {
        return status;
    }
    if (ordinal == 0 || ret_entry->ordinal != ordinal) {
        return trn_fail(error,
                        TERN_ERR_NOT_FOUND,
                        "the outbox has no entry %llu",
                        (unsigned long long)ordinal);
    }
    if ((1U << ret_entry->state & PARKED) == 0) {
        return trn_fail(error,
                        TERN_ERR_MISUSE,
                        "entry %llu is neither quarantined nor locked",
                        (unsigned long long)ordinal);
    }
    return TERN_OK;
}

/* The entry, then all parked ones behind it that build on one taken already. Given up is each of
 * them; sent is what needs nothing else that is parked. */
static tern_status replace_all(struct reissuing *reissuing, uint64_t ordinal, tern_error *error)
{
    struct trn_entry entry = {0};
    struct bond bond = {.builds = true};
    uint64_t last = reissuing->work->meta.last_ordinal;
    tern_status status = find_parked(reissuing->work, ordinal, &entry, error);

    while (status == TERN_OK && entry.ordinal != 0 && entry.ordinal <= last) {
        if (bond.builds) {
            status = find_erased(reissuing, &entry, error);
        }
        if (status == TERN_OK && bond.builds) {
            status = replace(reissuing, &entry, &bond.needs, error);
        }
        if (status == TERN_OK) {
            status = trn_outbox_next(reissuing->work->store, entry.ordinal, PARKED, &entry, error);
        }
        if (status == TERN_OK && entry.ordinal != 0) {
            status = find_bond(reissuing, &entry, &bond, error);
        }
    }
    return status;
}

/* What another wrote is not this user's to change: it is sent as it was, or no longer kept here. */
static tern_status
settle_lost(struct reissuing *reissuing, struct trn_entry *entry, tern_error *error)
{
    tern_status status = reissuing->discards
                             ? trn_outbox_remove(reissuing->work->store, entry->ordinal, error)
                             : trn_lost_send(reissuing->work, entry, error);

    return status == TERN_OK ? note(&reissuing->done, entry->ordinal, entry->ordinal, error)
                             : status;
}

/* Sent alone, what builds on a refused transaction would be half of what its author saw: laid over
 * what others wrote meanwhile, it would mix with it. */
static tern_status
check_alone(struct trn_work *work, const struct trn_entry *entry, tern_error *error)
{
    struct trn_entry needed = {0};
    tern_status status = trn_rebase_find_blocker(work, entry->ordinal, &needed, error);

    if (status == TERN_OK && needed.ordinal != 0) {
        return trn_fail(error,
                        TERN_ERR_DEPENDENCY_REJECTED,
                        "entry %llu builds on entry %llu, and goes with that one alone",
                        (unsigned long long)entry->ordinal,
                        (unsigned long long)needed.ordinal);
    }
    return status;
}

static tern_status settle(struct reissuing *reissuing, uint64_t ordinal, tern_error *error)
{
    struct trn_entry entry = {0};
    bool lost = false;
    tern_status status = find_parked(reissuing->work, ordinal, &entry, error);

    if (status == TERN_OK && !reissuing->discards) {
        status = check_alone(reissuing->work, &entry, error);
    }
    if (status == TERN_OK) {
        status = trn_lost_is(reissuing->work, &entry, &lost, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    return lost ? settle_lost(reissuing, &entry, error) : replace_all(reissuing, ordinal, error);
}

static tern_status run(const struct trn_engine *engine,
                       uint64_t ordinal,
                       bool discards,
                       uint64_t *ret_ordinal,
                       tern_error *error)
{
    struct trn_work work;
    struct reissuing reissuing = {.work = &work, .discards = discards};
    tern_status status = trn_work_begin(&work, engine, NULL, error);

    if (status != TERN_OK) {
        return status;
    }
    status = settle(&reissuing, ordinal, error);
    if (status == TERN_OK) {
        uint64_t first;

        TRN_ASSERT(reissuing.done.pairs != NULL);
        first = reissuing.done.pairs[0].now;
        status = trn_work_commit(&work, error);
        if (status == TERN_OK && ret_ordinal != NULL) {
            *ret_ordinal = first;
        }
    } else {
        trn_work_rollback(&work);
    }
    trn_free(reissuing.done.pairs);
    return status;
}

tern_status trn_reissue_retry(const struct trn_engine *engine,
                              uint64_t ordinal,
                              uint64_t *ret_ordinal,
                              tern_error *error)
{
    return run(engine, ordinal, false, ret_ordinal, error);
}

tern_status
trn_reissue_discard(const struct trn_engine *engine, uint64_t ordinal, tern_error *error)
{
    return run(engine, ordinal, true, NULL, error);
}
